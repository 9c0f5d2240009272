import { describe, expect, test } from 'vitest'
import type { Left, Point } from './ingress-points.ts'
import { killInIngress } from './ingress-points.ts'
import { useYard } from './use-yard.ts'

const ROUNDS = 5
const LIMIT_MS = 240_000

const yard = useYard()

describe('an api that is killed', () => {
  test.each<[Point, Left]>([
    ['before the signal', { state: 'begun', signals: 0 }],
    ['after the signal', { state: 'begun', signals: 1 }],
  ])(
    'exactly %s of a message: the client repeats it, and it is in the log once',
    { timeout: LIMIT_MS },
    async (point, left) => {
      const kills: Left[] = []
      for (let round = 0; round < ROUNDS; round++) kills.push(await killInIngress(yard(), point))
      expect(kills).toEqual(Array.from({ length: ROUNDS }, () => left))
      console.info(`api killed ${point}: n = ${ROUNDS}, lost or doubled = 0`)
    },
  )
})
