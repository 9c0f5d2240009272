import assert from 'node:assert/strict'
import { Client, Connection } from '@temporalio/client'
import type { History } from '@temporalio/common/lib/proto-utils.js'
import { isNotFound } from '../../src/history/source.ts'
import { EVENTS_SIGNAL } from '../../src/session/names.ts'
import type { SessionEvent } from '../../src/wire/types.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import { itemsOf } from '../workflows/histories.ts'
import { readLog } from '../workflows/log.ts'
import type { Yard } from './yard.ts'
import { until } from './yard.ts'

/**
 * Lets a session go through runs while the database is away: messages come by signal, as the api needs it. Then takes
 * from Temporal every run that has ended: what the archive got when the database was back has to be all of them.
 * Answers how many runs there were, and how many of them had ended when the database was away.
 */
export async function surviveOutage(yard: Yard, turns: number): Promise<{ runs: number; ended: number }> {
  const session = await yard.createSession()
  await yard.send(session, '#program\nSAY before')
  await until(async () => (await yard.client.beta.sessions.retrieve(session)).status === 'idle')

  const connection = await Connection.connect({ address: yard.temporalAddress })
  try {
    const { workflow, workflowService } = new Client({ connection })
    const histories = async (): Promise<readonly History[]> => {
      const runs = [await workflow.getHandle(session).fetchHistory()]
      for (let id = runBefore(runs[0]); id; id = runBefore(runs[0])) {
        runs.unshift(await workflow.getHandle(session, id).fetchHistory())
      }
      return runs
    }
    const answers = async (): Promise<number> => {
      const log = readLog(session, ...(await Promise.all((await histories()).map(itemsOf))))
      return log.state.status === 'idle' ? log.shown.filter(({ type }) => type === 'agent.message').length : 0
    }
    let ended = 0
    await yard.without('postgres', async () => {
      for (let turn = 1; turn <= turns; turn++) {
        const content = [{ type: 'text', text: `#program\nSAY meanwhile ${turn}` }]
        await workflow.getHandle(session).signal(EVENTS_SIGNAL, { events: [{ type: 'user.message', content }] })
        await until(async () => (await answers()) === turn + 1)
      }
      ended = (await histories()).length - 1
    })
    // An api whose connections broke may answer one more request with a 5xx, which the client repeats.
    const before = await yard.list(session)
    assert.equal(before.filter(({ type }) => type === 'agent.message').length, turns + 1)

    const closed = (await histories()).slice(0, -1).map(idOf)
    await until(async () => (await yard.archivedRuns(session)) === closed.length)
    for (const runId of closed) {
      const workflowExecution = { workflowId: session, runId }
      await workflowService.deleteWorkflowExecution({ namespace: 'default', workflowExecution })
    }
    for (const id of closed) {
      await until(async () =>
        workflow
          .getHandle(session, id)
          .fetchHistory()
          .then(() => false, isNotFound),
      )
    }
    // A new process knows nothing but what is kept.
    await (
      await yard.kill('api')
    ).isBack
    const after: readonly SessionEvent[] = await yard.list(session)
    assert.deepEqual(after, before, 'the log reads the same from the archive')
    assert.deepEqual(faultsOfLog(after, 'list'), [])
    return { runs: closed.length + 1, ended }
  } finally {
    await connection.close()
  }
}

function runBefore(history: History | undefined): string | null | undefined {
  return history?.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId
}

function idOf(history: History): string {
  return history.events?.[0]?.workflowExecutionStartedEventAttributes?.originalExecutionRunId ?? ''
}
