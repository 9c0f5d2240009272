import assert from 'node:assert/strict'
import { Client, Connection } from '@temporalio/client'
import type { Client as Postgres } from 'pg'
import { faultsOfLog } from '../support/log-grammar.ts'
import { assertWhole } from './whole.ts'
import type { Yard } from './yard.ts'
import { until } from './yard.ts'

/**
 * Where the api dies while it takes a message: when the row of its ids is committed and Temporal has not heard of it, or
 * when Temporal has taken it and nobody was told.
 */
export type Point = 'before the signal' | 'after the signal'

/** What the api left behind: the state of its row, and how many signals are in history. */
export interface Left {
  readonly state: string
  readonly signals: number
}

/**
 * Kills the api exactly there while a client sends a message, again until it is taken. Locks on what it writes hold it at
 * the point. Rejects when the message is not in the log exactly once, under the id that the client was given.
 */
export async function killInIngress(yard: Yard, point: Point): Promise<Left> {
  const session = await yard.createSession()
  const [holder, observer] = [await yard.connect(), await yard.connect()]
  try {
    await holder.query('begin')
    await holder.query('lock table ingress in exclusive mode')
    const sending = yard.send(session, `#program\nSAY ${point}`)
    await until(() => isHeld(observer, 'insert'))
    // The insert is with the database already, which commits it; the api does not hear of that.
    yard.signal('api', 'SIGSTOP')
    await holder.query('commit')
    await until(async () => (await readRow(observer, session)) !== null)
    if (point === 'after the signal') {
      await holder.query('begin')
      await holder.query('select from ingress where target = $1 for update', [session])
      yard.signal('api', 'SIGCONT')
      // It marks the row once Temporal has taken the signal, and answers only then.
      await until(() => isHeld(observer, 'update'))
    }
    const row = await readRow(observer, session)
    const signals = await countSignals(yard, session)
    const { isBack } = await yard.kill('api')
    if (point === 'after the signal') await holder.query('rollback')
    await isBack

    const id = await sending
    assert.deepEqual([id], row?.ids, 'the row that was left is the request that was repeated')
    await until(async () => (await yard.client.beta.sessions.retrieve(session)).status === 'idle')
    const events = await yard.list(session)
    assertWhole(events, [[id]])
    assert.deepEqual(faultsOfLog(events, 'list'), [])
    return { state: row?.state ?? '', signals }
  } finally {
    await holder.end()
    await observer.end()
  }
}

/** Whether a statement of this kind waits for a lock; rows of other requests may be marked at the same time. */
async function isHeld(observer: Postgres, kind: 'insert' | 'update'): Promise<boolean> {
  const { rows } = await observer.query(
    `select from pg_stat_activity where wait_event_type = 'Lock' and query ilike $1 and pid <> pg_backend_pid()`,
    [`${kind}%ingress%`],
  )
  return rows.length > 0
}

interface Row {
  readonly ids: readonly string[]
  readonly state: string
}

async function readRow(observer: Postgres, session: string): Promise<Row | null> {
  const { rows } = await observer.query<Row>('select ids, state from ingress where target = $1', [session])
  return rows[0] ?? null
}

async function countSignals({ temporalAddress }: Yard, session: string): Promise<number> {
  const connection = await Connection.connect({ address: temporalAddress })
  try {
    const { events } = await new Client({ connection }).workflow.getHandle(session).fetchHistory()
    return (events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes).length
  } finally {
    await connection.close()
  }
}
