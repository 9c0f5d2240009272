import { describe, expect, test } from 'vitest'
import { runDoctor } from '../../src/cli/doctor.ts'

const good = { name: 'Node', ok: true, detail: '20.20.2' }
const poor = { name: 'Temporal', ok: true, detail: 'keeps closed runs for 1 day', remedy: 'keep them longer' }
const bad = { name: 'sandbox', ok: false, detail: 'bwrap is missing', remedy: 'apt-get install bubblewrap' }

async function run(
  json: boolean,
  ...groups: (readonly (typeof good | typeof poor | typeof bad)[])[]
): Promise<[number, string[]]> {
  const lines: string[] = []
  const checks = groups.map((group) => () => Promise.resolve(group))
  const code = await runDoctor({ checks, json, print: (line) => lines.push(line) })
  return [code, lines]
}

describe('doctor', () => {
  test('prints a line for each finding and the remedy below what is wrong', async () => {
    expect(await run(false, [good], [bad])).toEqual([
      5,
      ['✓ Node     20.20.2', '✗ sandbox  bwrap is missing', '           → apt-get install bubblewrap'],
    ])
  })

  test('ends with 0 when nothing is wrong', async () => {
    expect(await run(false, [good], [])).toEqual([0, ['✓ Node  20.20.2']])
  })

  test('ends with 0 when all works that could be better, and says how', async () => {
    expect(await run(false, [good, poor])).toEqual([
      0,
      ['✓ Node      20.20.2', '! Temporal  keeps closed runs for 1 day', '            → keep them longer'],
    ])
  })

  test('prints one JSON array when asked to', async () => {
    const [code, lines] = await run(true, [good], [bad])
    expect(code).toBe(5)
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([[good, bad]])
  })
})
