import { defaultPayloadConverter } from '@temporalio/common'
import { describe, expect, test } from 'vitest'
import { createAesCodec } from '../../src/history/codec.ts'
import { EVENTS_SIGNAL } from '../../src/session/names.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import { createSession, listAll, message, only, program, record, saidIn, turn } from './drive.ts'
import { useStack } from './use-stack.ts'

const use = useStack({ codecs: [createAesCodec(Buffer.alloc(32, 7))] })

type Payload = Parameters<typeof defaultPayloadConverter.fromPayload>[0]

/** Signals a session as a client without our codec does. */
async function signal(session: string, payload: Payload): Promise<void> {
  await use().stack.temporal.workflowService.signalWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: session },
    signalName: EVENTS_SIGNAL,
    input: { payloads: [payload] },
  })
}

function events(...all: readonly object[]): Payload {
  return defaultPayloadConverter.toPayload({ events: all })
}

function times(count: number, text: string): Payload {
  return events(...Array.from({ length: count }, () => message(text)))
}

function spelt(encoding: string, data: string): Payload {
  return { metadata: { encoding: Buffer.from(encoding) }, data: Buffer.from(data) }
}

/** What the session says of a message that it has taken up, whatever it was told before. */
const SAY = '#program now\nSAY x'

const DENIAL = { type: 'user.tool_confirmation', tool_use_id: 'sevt_1', result: 'deny' }

interface Flood {
  readonly name: string
  readonly send: (session: string) => Promise<unknown>
}

const FLOODS: readonly Flood[] = [
  { name: '10,000 events in one signal', send: (session) => signal(session, times(10_000, SAY)) },
  { name: '1.9 MB of text in one event', send: (session) => signal(session, times(1, 'x'.repeat(1_900_000))) },
  {
    name: '300 signals at once',
    send: (session) => Promise.all(Array.from({ length: 300 }, () => signal(session, times(1, SAY)))),
  },
  {
    name: '4 signals of 256 events at once',
    send: (session) => Promise.all(Array.from({ length: 4 }, () => signal(session, times(256, SAY)))),
  },
  {
    name: '1.9 MB of words in a denial',
    send: (session) => signal(session, events({ ...DENIAL, deny_message: 'x'.repeat(1_900_000) })),
  },
  {
    name: 'a denial of a call with 1.9 MB for an id',
    send: (session) => signal(session, events({ ...DENIAL, tool_use_id: 'x'.repeat(1_900_000) })),
  },
  {
    name: 'an interrupt of 1.9 MB',
    send: (session) => signal(session, events({ type: 'user.interrupt', note: 'x'.repeat(1_900_000) })),
  },
  { name: 'a payload in an unknown encoding', send: (session) => signal(session, spelt('binary/unheard-of', 'x')) },
  { name: 'JSON that is none', send: (session) => signal(session, spelt('json/plain', '{"events":[')) },
  {
    name: 'a payload that nobody can decrypt',
    send: (session) => signal(session, spelt('binary/longhand-aes-gcm', 'x'.repeat(40))),
  },
]

describe('a plain client that sends past every limit', () => {
  test.each(FLOODS)('$name: is told so, and the session goes on, as do others', async ({ send }) => {
    const { sdk } = use().stack
    const other = await createSession(use())
    const session = await createSession(use())
    const recording = await record(sdk, session)
    await sdk.beta.sessions.events.send(session, { events: [program('SLEEP 600000')] })
    await recording.until('span.model_request_start')
    await send(session)
    await recording.until('session.error')
    await sdk.beta.sessions.events.send(session, { events: [{ type: 'user.interrupt' }] })
    await recording.until('session.status_idle')
    await sdk.beta.sessions.events.send(session, { events: [message('#program now\nSAY fine')] })
    await recording.untilSo((all) => saidIn(all).includes('fine'))
    await recording.untilSo((all) => all.at(-1)?.type === 'session.status_idle')
    const log = await listAll(sdk, session)
    expect(faultsOfLog(log, 'list')).toEqual([])
    expect(only(log, 'session.error').length).toBeLessThan(400)
    expect(saidIn(await turn(sdk, other, program('SAY still here')))).toEqual(['still here'])
  })
})
