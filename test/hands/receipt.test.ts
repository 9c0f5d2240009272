import { describe, expect, test } from 'vitest'
import type { Copy, Facts } from '../../src/hands/receipt.ts'
import { bareFacts, callsIn, describeLoss, receiptOf, toMade } from '../../src/hands/receipt.ts'

const copied: Extract<Copy, { of: 'workspace' }> = {
  of: 'workspace',
  restored: { generation: 2, at: '2026-11-21T14:03:12.345Z', entries: 124, bytes: 3_481_022 },
  after: 'c1',
  leftOut: 0,
  since: { count: 2, last: ['c2', 'c3'] },
}
const lost = { how: 'lost' } as const
const none: Copy = { of: 'nothing', because: 'there was no copy' }
const gone = "everything in /tmp and /home/agent, the shell's variables and folder, and every process."

const names = new Map([
  ['c1', 'bash `npm test`'],
  ['c2', 'write `/workspace/a.ts`'],
  ['c3', 'bash `make`'],
])

function tell(facts: Partial<Facts>, hand = 'main'): readonly string[] {
  return receiptOf({ hand, generation: 3 }, { ...bareFacts, ...facts }, names)
}

describe('a receipt', () => {
  test('tells what was restored and what was lost', () => {
    expect(tell({ before: { ending: lost, copy: copied }, uploads: 2, outputs: 1 })).toEqual([
      '[This is a new sandbox (generation 3); the one before it was lost.',
      'Restored: /workspace as it was at 2026-11-21 14:03:12 UTC after your call bash `npm test` (124 entries, 3,481,022 bytes); 2 files in /mnt/session/uploads; 1 file in /mnt/session/outputs.',
      `Lost: what came after that (2 calls: write \`/workspace/a.ts\`, bash \`make\`); ${gone}]`,
    ])
  })

  test('tells that nothing came back, and why', () => {
    expect(tell({ before: { ending: lost, copy: none } })).toEqual([
      '[This is a new sandbox (generation 3); the one before it was lost.',
      'Restored: nothing of /workspace (there was no copy).',
      `Lost: everything else in /workspace, ${gone}]`,
    ])
  })

  test.each<[string, Facts['before'], string]>([
    [
      'with its host',
      { ending: { how: 'lost', why: 'its host a1b2 is gone' }, copy: none },
      'was lost: its host a1b2 is gone.',
    ],
    ['put away', { ending: { how: 'put away' }, copy: none }, 'was put away while it was not used.'],
  ])('tells of the one before that it was %s', (_, before, words) => {
    expect(tell({ before })[0]).toBe(`[This is a new sandbox (generation 3); the one before it ${words}`)
  })

  test('tells when no call came after the copy', () => {
    const copy = { ...copied, since: { count: 0, last: [] } }
    expect(tell({ before: { ending: lost, copy } })[2]).toBe(
      `Lost: ${gone} Nothing of /workspace was lost that a call of yours had left there.]`,
    )
  })

  test.each([
    [{ count: 12, last: ['c1', 'c3'] }, '12 calls, the last of them: bash `npm test`, bash `make`'],
    [{ count: 1, last: ['c3'] }, '1 call: bash `make`'],
    [{ count: 2, last: ['c3', 'unknown'] }, '2 calls, the last of them: bash `make`'],
    [{ count: 1_234, last: ['unknown'] }, '1,234 calls'],
  ])('names calls that came after the copy: %j', (since, words) => {
    expect(tell({ before: { ending: lost, copy: { ...copied, since } } })[2]).toContain(
      `what came after that (${words});`,
    )
  })

  test('tells of what was left out of a copy that no call is known to stand before', () => {
    const { after: _, ...copy } = { ...copied, leftOut: 1 }
    expect(tell({ before: { ending: lost, copy } })[1]).toBe(
      'Restored: /workspace as it was at 2026-11-21 14:03:12 UTC (124 entries, 3,481,022 bytes, 1 entry left out).',
    )
  })

  test('tells of what could not be copied, and that all else is there', () => {
    const copy = { ...copied, leftOut: 2, isPartial: true, since: { count: 0, last: [] } } as const
    const [, restored, missing] = tell({ before: { ending: lost, copy } })
    expect(restored).toContain('(124 entries, 3,481,022 bytes, 2 entries left out, without what could not be read).')
    expect(missing).toContain('Nothing else of /workspace was lost that a call of yours had left there.')
  })

  test('names the calls that it is about', () => {
    expect(callsIn({ ...bareFacts, before: { ending: lost, copy: copied } })).toEqual(['c1', 'c2', 'c3'])
    const { after: _, ...copy } = copied
    expect(callsIn({ ...bareFacts, before: { ending: lost, copy } })).toEqual(['c2', 'c3'])
    for (const facts of [bareFacts, { ...bareFacts, before: { ending: lost, copy: none } }])
      expect(callsIn(facts)).toEqual([])
  })

  test('names the clones that were made again', () => {
    expect(tell({ before: { ending: lost, copy: none }, clones: ['/workspace/r'] })[1]).toBe(
      'Restored: nothing of /workspace (there was no copy); a fresh clone in /workspace/r.',
    )
  })

  test('names a hand that is not the main one', () => {
    expect(tell({ before: { ending: lost, copy: none } }, 'web')[0]).toContain('a new sandbox (web, generation 3);')
  })

  test('tells of a first generation only what is amiss', () => {
    expect(tell({})).toEqual([])
    const type = 'repository_clone_error' as const
    const fault = { resource: 'sesrsc_1', url: 'https://github.com/o/r', type, message: 'no such thing. ' }
    expect(tell({ faults: [fault], notes: ['/mnt/session/uploads/a is not there: no room.'] })).toEqual([
      '[https://github.com/o/r could not be cloned: no such thing. Once that is put right, git clone https://github.com/o/r works from inside.]',
      '[/mnt/session/uploads/a is not there: no room.]',
    ])
  })
})

describe('a loss', () => {
  test.each([
    [undefined, 'was lost before the call gave a result. Its'],
    [
      { how: 'lost', why: 'its host a1 is gone' } as const,
      'was lost before the call gave a result: its host a1 is gone. Its',
    ],
    [{ how: 'put away' } as const, 'was put away. Its'],
  ])('is told with its reason: %j', (ending, words) => {
    const { text, isError } = describeLoss({ hand: 'main', generation: 2 }, ending)
    expect(isError).toBe(true)
    expect(text).toContain(`The sandbox of this call (generation 2) ${words}`)
    expect(text).toContain('it was not run again. The next call gets a new sandbox')
  })

  test('names the hand, where it is not the main one', () => {
    const { text } = describeLoss({ hand: 'gpu', generation: 2 })
    expect(text).toContain('The sandbox of this call (gpu, generation 2) was lost')
    expect(text).toContain('it was not run again. The next call in gpu gets a new sandbox')
  })
})

describe('what goes into the log', () => {
  const row = { provider: 'docker', generation: 3 }

  test('is what the sandbox was made of', () => {
    const surroundings = { networking: { type: 'unrestricted' as const }, runtime: 'runsc' }
    const before = { ending: lost, copy: copied }
    const facts = { ...bareFacts, image: 'sha256:1', supplies: 4, surroundings, before }
    expect(toMade({ ...row, host: 'a1' }, 'main', facts)).toEqual({
      hand: 'main',
      generation: 3,
      provider: 'docker',
      host: 'a1',
      image: 'sha256:1',
      supplies: 4,
      surroundings,
      restored: copied.restored,
    })
  })

  test('is little of a first generation, and has its faults', () => {
    const faults = [{ resource: 'r', url: 'u', type: 'repository_clone_error', message: 'm' }] as const
    expect(toMade(row, 'web', { ...bareFacts, before: { ending: lost, copy: none }, faults })).toEqual({
      hand: 'web',
      generation: 3,
      provider: 'docker',
      host: null,
      image: null,
      supplies: 0,
      restored: null,
      faults,
    })
  })
})
