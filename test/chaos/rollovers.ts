import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import { carriedBy } from '../../src/history/project.ts'
import type { SessionEvent } from '../../src/wire/types.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import { itemsOf } from '../workflows/histories.ts'
import { assertPrefixesGrow } from './prefixes.ts'
import { follow } from './reader.ts'
import { assertWhole } from './whole.ts'
import type { Yard } from './yard.ts'
import { until } from './yard.ts'

export interface Rollovers {
  readonly runs: number
  readonly messages: number
  readonly events: number
  readonly kills: { readonly api: number; readonly worker: number }
  /** Times that the reader's stream broke and was resumed. */
  readonly resumed: number
  /** Times that the context was summarised. */
  readonly summaries: number
}

const CLIENTS = 5
const PAUSE_MS = 200
const LOOK_MS = 50

/**
 * Five clients write to one session whose runs are short, while its worker and the api are killed in turn, until it has
 * gone through so many runs. Rejects when anything acknowledged is lost, doubled or reordered, when a reader that resumes
 * its stream sees a gap or a double on the wire, when the log is not sound, or when a model request does not begin with
 * the one before it.
 */
export async function surviveRollovers(
  yard: Yard,
  { runs: wanted, killEveryMs }: { readonly runs: number; readonly killEveryMs: number },
): Promise<Rollovers> {
  const session = await yard.createSession()
  const reader = follow(yard, session)
  const stopped = new AbortController()
  const asked = yard.model.requests.length

  const sent = Array.from({ length: CLIENTS }, (): string[] => [])
  const writing = Promise.all(
    sent.map(async (ids, client) => {
      for (let number = 0; !stopped.signal.aborted; number++) {
        ids.push(await yard.send(session, `#program\nSAY client ${client} message ${number}`))
        await delay(PAUSE_MS)
      }
    }),
  )
  const kills = { api: 0, worker: 0 }
  const killing = (async () => {
    for (let turn = 0; !stopped.signal.aborted; turn++) {
      // On a slow machine processes that are killed as often would do nothing but start.
      const before = reader.finished.length
      await delay(killEveryMs, undefined, { signal: stopped.signal }).catch(() => undefined)
      while (!stopped.signal.aborted && reader.finished.length === before) await delay(LOOK_MS)
      if (stopped.signal.aborted) return
      const name = turn % 2 === 0 ? 'worker' : 'api'
      const { isBack } = await yard.kill(name)
      kills[name] += 1
      await isBack
    }
  })()

  await until(async () => Math.min(kills.api, kills.worker) > 0 && (await runOf(yard, session)) >= wanted)
  stopped.abort()
  await Promise.all([writing, killing])
  await until(async () => (await yard.client.beta.sessions.retrieve(session)).status === 'idle')

  const events = await yard.list(session)
  assertWhole(events, sent)
  assert.deepEqual(faultsOfLog(events, 'list'), [], 'the log is sound')
  const backwards: SessionEvent[] = []
  for await (const event of yard.client.beta.sessions.events.list(session, { order: 'desc', limit: 37 })) {
    backwards.push(event)
  }
  assert.deepEqual(backwards.toReversed(), events, 'the list reads the same backwards')
  const last = events.at(-1)?.id
  await until(async () => reader.finished.at(-1)?.id === last)
  assert.deepEqual(reader.finished, events, 'the stream showed the log, once, in order, without a gap')
  reader.close()
  const summaries = assertPrefixesGrow(yard.model.requests.slice(asked), session)
  return {
    runs: await runOf(yard, session),
    messages: sent.flat().length,
    events: events.length,
    kills,
    resumed: reader.resumed,
    summaries,
  }
}

/** Number of the session's present run, from its history. */
async function runOf({ temporalAddress }: Yard, session: string): Promise<number> {
  const connection = await Connection.connect({ address: temporalAddress })
  try {
    const client = new Client({ connection })
    const [started] = await itemsOf(await client.workflow.getHandle(session).fetchHistory())
    return started?.type === 'started' ? (carriedBy(started)?.run ?? 1) : 0
  } finally {
    await connection.close()
  }
}
