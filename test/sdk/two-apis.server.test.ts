import type Anthropic from '@anthropic-ai/sdk'
import { describe, expect, test } from 'vitest'
import { faultsOfLog } from '../support/log-grammar.ts'
import { createSession, listAll, message, program, record, saidIn, settled, typesOf } from './drive.ts'
import { useStack } from './use-stack.ts'

const use = useStack({ apis: 2 })

function both(): readonly [Anthropic, Anthropic] {
  const [left, right] = use().stack.clients
  if (!left || !right) throw new Error('expected two clients')
  return [left, right]
}

/** Sends through one process and lists through the other, turn about; answers what was acknowledged but not listed. */
async function alternate(session: string, rounds: number): Promise<readonly string[]> {
  const clients = both()
  const missing: string[] = []
  const sent: string[] = []
  for (let round = 0; round < rounds; round++) {
    const [writer, reader] = round % 2 === 0 ? clients : clients.toReversed()
    const { data = [] } = (await writer?.beta.sessions.events.send(session, { events: [message(`${round}`)] })) ?? {}
    sent.push(...data.map(({ id }) => id))
    const listed = new Set((reader ? await listAll(reader, session) : []).map(({ id }) => id))
    missing.push(...sent.filter((id) => !listed.has(id)))
  }
  expect(sent).toHaveLength(rounds)
  return missing
}

describe('two api processes', () => {
  test('each list at once what the other acknowledged', async () => {
    const sessions = await Promise.all(Array.from({ length: 5 }, () => createSession(use())))
    const missing = await Promise.all(sessions.map((session) => alternate(session, 40)))
    console.log(`alternating apis: n = ${sessions.length * 40} sends, missing = ${missing.flat().length}`)
    expect(missing.flat()).toEqual([])
  })

  test('never refuse what is valid after what the other one has said', async () => {
    const faults: string[] = []
    let requests = 0
    async function lead(lane: number): Promise<void> {
      const [one, other] = lane % 2 === 0 ? both() : both().toReversed()
      if (!one || !other) throw new Error('expected two clients')
      const valid = async (name: string, work: Promise<unknown>): Promise<void> => {
        requests += 1
        await work.catch((error: unknown) => faults.push(`${name}: ${String(error)}`))
      }
      for (let round = 0; round < 5; round++) {
        const { agent, environment } = use()
        const { id } = await one.beta.sessions.create({ agent, environment_id: environment })
        const { events } = other.beta.sessions
        const recording = await record(other, id)
        await valid('a message after the creation', events.send(id, { events: [program('SAY one')] }))
        await valid('a message after a message', one.beta.sessions.events.send(id, { events: [program('SAY two')] }))
        await recording.untilSo((shown) => saidIn(shown).join().includes('two'))
        await recording.until('session.status_idle')
        await valid('a message after idle', one.beta.sessions.events.send(id, { events: [program('SLEEP 600000')] }))
        const starts = (): number => recording.events.filter(({ type }) => type === 'span.model_request_start').length
        const before = starts()
        await recording.untilSo(
          () => starts() > before || typesOf(recording.events).at(-1) === 'span.model_request_start',
        )
        await valid('an interrupt', events.send(id, { events: [{ type: 'user.interrupt' }] }))
        await recording.untilSo((shown) => shown.at(-1)?.type === 'session.status_idle')
        await valid('a change', one.beta.sessions.update(id, { title: `round ${round}` }))
        const end = round % 2 === 0 ? one.beta.sessions.archive(id) : one.beta.sessions.delete(id)
        await valid('the end after idle', end)
      }
    }
    await Promise.all([0, 1, 2, 3].map(lead))
    expect(faults).toEqual([])
    console.log(`two apis: n = ${requests} requests valid by what the other one has said, refused = 0`)
  })

  test('show one session alike, as a stream and as a list', async () => {
    const [left, right] = both()
    const session = await createSession(use())
    const recordings = await Promise.all([record(left, session), record(right, session)])
    await right.beta.sessions.events.send(session, { events: [program('SAY one')] })
    await Promise.all(recordings.map((recording) => recording.until('session.status_idle')))
    expect(recordings[1]?.events).toEqual(recordings[0]?.events)
    const lists = await Promise.all([listAll(left, session), listAll(right, session)])
    for (const list of lists) expect(list).toEqual(settled(recordings[0]?.events ?? []))
  })

  test('each keep a metadata key that was set at the same time through the other', async () => {
    const clients = both()
    const session = await createSession(use())
    const keys = Array.from({ length: 8 }, (_, index) => `k${index}`)
    await Promise.all(
      keys.map((key, index) =>
        clients[index % 2 === 0 ? 0 : 1].beta.sessions.update(session, { metadata: { [key]: key } }),
      ),
    )
    const { metadata } = await clients[0].beta.sessions.retrieve(session)
    expect(Object.keys(metadata).toSorted()).toEqual(keys)
    console.log(`metadata race: n = ${keys.length} updates at once, lost = 0`)
  })

  test('end their streams when the session is deleted through one of them', async () => {
    const [left, right] = both()
    const session = await createSession(use())
    const recordings = await Promise.all([record(left, session), record(right, session)])
    await left.beta.sessions.delete(session)
    await Promise.all(recordings.map(({ ended }) => ended))
    for (const { events } of recordings) expect(events.map(({ type }) => type)).toEqual(['session.deleted'])
  })

  test('accept and show messages while no worker is there, and a new worker answers them in order', async () => {
    const { stack } = use()
    const [left, right] = both()
    const session = await createSession(use())
    await stack.stopWorkers()
    const ids: string[] = []
    for (let n = 0; n < 10; n++) {
      const [writer, reader] = n % 2 === 0 ? [left, right] : [right, left]
      const { data = [] } = await writer.beta.sessions.events.send(session, { events: [program(`SAY ${n}`)] })
      ids.push(...data.map(({ id }) => id))
      const listed = await listAll(reader, session)
      expect(listed).toMatchObject(ids.map((id) => ({ id, type: 'user.message', processed_at: null })))
    }
    expect((await right.beta.sessions.retrieve(session)).status).toBe('running')
    const running = await left.beta.sessions.list({ statuses: ['running'] })
    expect(running.data.map(({ id }) => id)).toContain(session)
    const recording = await record(right, session)
    await stack.restartWorkers()
    await recording.until('session.status_idle')
    const listed = await listAll(left, session)
    expect(faultsOfLog(listed, 'list')).toEqual([])
    expect(listed.flatMap(({ type, id }) => (type === 'user.message' ? [id] : []))).toEqual(ids)
    expect(saidIn(listed).join(' ')).toMatch(/0.*1.*2.*9/s)
  })
})
