import { DefaultLogger, Runtime, makeTelemetryFilterString } from '@temporalio/worker'
import { beforeAll, describe, expect, test } from 'vitest'
import { faultsOfLog } from '../support/log-grammar.ts'
import type { Bundle } from './bundle.ts'
import { buildBundle } from './bundle.ts'
import type { KeptHistory } from './histories.ts'
import { itemsOf, readHistories } from './histories.ts'
import { readLog } from './log.ts'
import { mistakes } from './mistakes.ts'
import { recordings } from './recordings.ts'
import { isAsKept, replay } from './replay.ts'

const LIMIT_MS = 60_000

let bundle: Bundle
let histories: readonly KeptHistory[]

beforeAll(async () => {
  // Mistakes are told by the test, not by the worker.
  const logging = { filter: makeTelemetryFilterString({ core: 'ERROR' }) }
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [], telemetryOptions: { logging } })
  ;[bundle, histories] = await Promise.all([buildBundle(), readHistories()])
}, LIMIT_MS)

describe('recorded histories', () => {
  test('are there for every life that is recorded', () => {
    expect(histories.map(({ name }) => name)).toEqual(
      expect.arrayContaining(recordings.map(({ name, runs }) => (runs ? `${name}-${runs}` : name))),
    )
  })

  test('replay on the present workflow, to the state that they were recorded with', { timeout: LIMIT_MS }, async () => {
    console.info(`replay: n = ${histories.length} histories`)
    expect(await replay(bundle, histories)).toEqual(new Map())
  })

  test('fold to the state that their workflow had, by a sound log', async () => {
    for (const { name, workflowId, history, state } of histories) {
      const log = readLog(workflowId, await itemsOf(history))
      expect([name, isAsKept(log.state, state)]).toEqual([name, true])
      const runs = histories.filter((other) => other.workflowId === workflowId).map((other) => itemsOf(other.history))
      const whole = readLog(workflowId, ...(await Promise.all(runs)))
      expect([name, faultsOfLog(whole.shown, 'stream', whole.state)]).toEqual([name, []])
    }
    expect(histories.length).toBeGreaterThan(0)
  })

  test.each(mistakes)('tell of a workflow that $what', { timeout: LIMIT_MS }, async ({ life, change }) => {
    const faults = await replay(
      change(bundle),
      histories.filter(({ name }) => name === life),
    )
    expect([...faults.keys()]).toEqual([life])
  })
})
