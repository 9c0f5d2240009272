import { DefaultLogger, Runtime } from '@temporalio/worker'
import { beforeAll, describe, expect, test } from 'vitest'
import { faultsOfLog } from '../support/log-grammar.ts'
import type { Bundle } from './bundle.ts'
import { buildBundle, withChange } from './bundle.ts'
import type { KeptHistory } from './histories.ts'
import { itemsOf, readHistories } from './histories.ts'
import { readLog } from './log.ts'
import { recordings } from './recordings.ts'
import { isAsKept, replay } from './replay.ts'

const LIMIT_MS = 60_000

/** Changes of the workflow that running sessions would not survive, and a life that tells. */
const breaking: readonly {
  readonly what: string
  readonly life: string
  readonly from: RegExp
  readonly to: string
}[] = [
  {
    what: 'loses the second of two results in one activation, because it reads its list before it awaits',
    life: 'parallel-tools',
    from: /const came = (await scope\.run\(.*\));/,
    to: 'outcomes.push(...($1)); const came = [];',
  },
  {
    what: 'performs before it records',
    life: 'text-turn',
    from: /(if \(journal\.entries\.length > 0\) record\(.*\);)\s+(performer\.start\(.*\);)/,
    to: '$2 $1',
  },
  {
    what: 'does not cancel what an interrupt gives up',
    life: 'interrupt-mid-tool',
    from: /await performer\.cancel\(\);/,
    to: ';',
  },
  {
    what: 'takes letters in before outcomes',
    life: 'result-then-interrupt',
    from: /(for \(const outcome of \[[^\]]*\]\).*;)\s+(for \(const letter of .*;)/,
    to: '$2 $1',
  },
  {
    what: 'forgets that a batch came without ids',
    life: 'minted-ids',
    from: /for \(const \{ event, signal, index \} of journal\.unnamed\.splice\(0\)\)/,
    to: 'for (const { event, signal, index } of [])',
  },
]

let bundle: Bundle
let histories: readonly KeptHistory[]

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined), shutdownSignals: [] })
  ;[bundle, histories] = await Promise.all([buildBundle(), readHistories()])
}, LIMIT_MS)

describe('recorded histories', () => {
  test('are there for every life that is recorded', () => {
    expect(histories.map(({ name }) => name)).toEqual(expect.arrayContaining(recordings.map(({ name }) => name)))
  })

  test('replay on the present workflow, to the state that they were recorded with', { timeout: LIMIT_MS }, async () => {
    console.info(`replay: n = ${histories.length} histories`)
    expect(await replay(bundle, histories)).toEqual(new Map())
  })

  test('fold to the state that their workflow had, by a sound log', async () => {
    for (const { name, workflowId, history, state } of histories) {
      const log = readLog(workflowId, await itemsOf(history))
      expect([name, isAsKept(log.state, state), faultsOfLog(log.shown, 'stream')]).toEqual([name, true, []])
    }
    expect(histories.length).toBeGreaterThan(0)
  })

  test.each(breaking)('tell of a workflow that $what', { timeout: LIMIT_MS }, async ({ life, from, to }) => {
    const faults = await replay(
      withChange(bundle, from, to),
      histories.filter(({ name }) => name === life),
    )
    expect([...faults.keys()]).toEqual([life])
  })
})
