import { Agent, request } from 'node:http'
import { heap } from '../support/heap.ts'
import { createSession, listAll, message, only } from './drive.ts'
import type { Prepared } from './use-stack.ts'

export interface FloodReport {
  readonly posts: number
  readonly acknowledged: number
  readonly refused: number
  /** What was answered otherwise, lost, doubled, out of its sender's order, or done without effect. */
  readonly faults: readonly string[]
  /** Bytes of memory in use that were not before, once everything that can be freed was. */
  readonly growth: number
}

const REFUSALS: readonly number[] = [413, 429]

/**
 * Many senders post to one session at once, each one message after the other, and take a refusal for an answer. What
 * was acknowledged has to be in the log once, in each sender's order; all else has to be refused with the time to wait.
 */
export async function flood(
  prepared: Prepared,
  { senders, each }: { readonly senders: number; readonly each: number },
): Promise<FloodReport> {
  const { stack } = prepared
  const session = await createSession(prepared)
  const path = `/v1/sessions/${session}/events`
  const agent = new Agent({ keepAlive: true, maxSockets: senders })
  const post = (text: string): Promise<Posted> =>
    send(new URL(path, stack.urls[0]), { agent, key: stack.apiKey, body: { events: [message(text)] } })
  const faults: string[] = []
  const acknowledged: string[][] = []
  let refused = 0

  await post('first')
  const before = heap()
  await Promise.all(
    Array.from({ length: senders }, async (_, sender) => {
      const own: string[] = []
      acknowledged.push(own)
      for (let number = 0; number < each; number++) {
        const { status, retryAfter, id } = await post(`${sender} ${number}`)
        if (status === 200 && id !== null) own.push(id)
        else if (REFUSALS.includes(status) && (status === 413 || retryAfter !== null)) refused += 1
        else faults.push(`answered ${status} with retry-after ${retryAfter}`)
      }
    }),
  )
  agent.destroy()
  await becomesIdle(prepared, session)
  const growth = heap() - before

  const log = await listAll(stack.sdk, session)
  const logged = only(log, 'user.message').map(({ id }) => id)
  const total = acknowledged.flat().length
  if (logged.length !== total + 1) faults.push(`acknowledged ${total + 1}, logged ${logged.length}`)
  for (const own of acknowledged) {
    const mine = new Set(own)
    if (logged.filter((id) => mine.has(id)).join() !== own.join())
      faults.push(`not in order, or not once: ${own.join()}`)
  }
  for (const { error } of only(log, 'session.error')) faults.push(error.message)
  return { posts: senders * each, acknowledged: total, refused, faults, growth }
}

/** An idle session has taken up all that was acknowledged. */
async function becomesIdle({ stack }: Prepared, session: string): Promise<void> {
  const stream = await stack.sdk.beta.sessions.events.stream(session)
  try {
    if ((await stack.sdk.beta.sessions.retrieve(session)).status === 'idle') return
    for await (const { type } of stream) if (type === 'session.status_idle') return
  } finally {
    stream.controller.abort()
  }
}

interface Posted {
  readonly status: number
  readonly retryAfter: string | null
  /** The event's, when it was taken. */
  readonly id: string | null
}

function send(url: URL, { agent, key, body }: { agent: Agent; key: string; body: unknown }): Promise<Posted> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { data } = JSON.parse(Buffer.concat(chunks).toString('utf8'))
        const { statusCode: status = 0, headers: got } = response
        resolve({ status, retryAfter: got['retry-after'] ?? null, id: data?.[0]?.id ?? null })
      })
    })
    sent.on('error', reject)
    sent.end(JSON.stringify(body))
  })
}
