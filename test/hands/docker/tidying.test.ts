import { describe, expect, test } from 'vitest'
import { tidyImages } from '../../../src/hands/docker/tidying.ts'

describe('the tidying of images', () => {
  test('goes on after a failure, which it tells, and ends when it is told to', async () => {
    const stopping = new AbortController()
    const warned: string[] = []
    let rounds = 0
    const images = {
      async tidy() {
        if (++rounds === 3) stopping.abort()
        if (rounds < 3) throw new Error('away')
      },
    }
    const warn = (_: object, message: string) => void warned.push(message)
    await tidyImages(images, { warn, signal: stopping.signal, everyMs: 1 })
    expect([rounds, warned.length]).toEqual([3, 2])
  })
})
