/*
 * A session is a Temporal workflow: this starts one, talks to it and reads it with a Temporal client, without the API.
 * With a server running (`npm start`):
 *
 *   eval "$(./bin/longhand.mjs env --temporal)"
 *   node --import tsx examples/temporal-client.ts
 */
import { setTimeout } from 'node:timers/promises'
import Anthropic from '@anthropic-ai/sdk'
import { Client, Connection } from '@temporalio/client'
import { createSessionLog } from '../src/history/session-log.ts'
import { createHistorySource } from '../src/history/source.ts'
import { getEvents } from '../src/index.ts'

const say = (text: string) => ({ type: 'user.message', content: [{ type: 'text', text }] })

const connection = await Connection.connect({ address: process.env['TEMPORAL_ADDRESS'] ?? 'localhost:7233' })
const { workflow } = new Client({ connection })

// The workflow's id is the session's id. The agent is given inline, with the body of POST /v1/agents.
const session = `sesn_${crypto.randomUUID().replaceAll('-', '')}`
const handle = await workflow.start('session', {
  workflowId: session,
  taskQueue: 'brain',
  args: [
    { title: 'by hand', agent: { model: 'claude-opus-5-5' }, events: [say('Introduce yourself in one sentence.')] },
  ],
})
// From here on the message is durable: it needs no worker to be accepted.
await handle.signal('events', { events: [say('And once more.')] })

// Reads history alone, as the API does. Both messages are answered when the session is idle behind them.
const log = createSessionLog({ source: createHistorySource(workflow), log: console })
const limit = AbortSignal.timeout(60_000)
let events = await getEvents(log, session)
while (
  events.filter(({ event }) => event.type === 'user.message').length < 2 ||
  events.at(-1)?.event.type !== 'session.status_idle'
) {
  await setTimeout(200, undefined, { signal: limit })
  events = await getEvents(log, session)
}
for (const { event } of events) console.log(event.type, 'content' in event ? event.content : '')
log.close()
await connection.close()

// What was started by hand is a session like any other.
const { id, title, status } = await new Anthropic().beta.sessions.retrieve(session)
console.log({ id, title, status })
