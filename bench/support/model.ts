import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text as readText } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import type { RawMessageStreamEvent } from '@anthropic-ai/sdk/resources/messages/messages'
import { toEvents, toMessage } from '../../src/model/demo/message-events.ts'
import { now } from './clock.ts'
import { toTask } from './directive.ts'
import type { Step, Task } from './directive.ts'

/** One request to the model, by the clock of `now`. */
export interface ModelCall {
  /** Its head was there. */
  readonly receivedAt: number
  /** Just before the first byte of the answer was written. */
  readonly firstByteAt: number
  /** Just before each text delta was written. */
  readonly deltaAt: readonly number[]
  /** Just after the last byte was written. */
  readonly endedAt: number
  /** Length of the request's body. */
  readonly bytes: number
}

/** A Messages API in this process that answers what directives say and keeps the time. */
export interface BenchModel extends AsyncDisposable {
  readonly url: string
  /** The last call for a step of a tagged turn, once: throws when it was not answered or was taken. Steps count from 0. */
  take(tag: string, step: number): ModelCall
  /** The call for a summary that came with a tagged turn, once; undefined when there was none. */
  takeSummary(tag: string): ModelCall | undefined
}

/** Takes any key. Disposal ends its connections. */
export async function startBenchModel(): Promise<BenchModel> {
  const calls = new Map<string, ModelCall>()
  const server = createServer((request, response) => {
    void serve(request, response).then(
      ({ key, call }) => calls.set(key, call),
      (error: unknown) => response.destroy(error instanceof Error ? error : new Error(String(error))),
    )
  })
  // Longer than any pause of a benchmark, so that connections stay warm.
  server.keepAliveTimeout = 600_000
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the model does not listen on a port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    take(tag, step) {
      const key = toKey(tag, step)
      const call = calls.get(key)
      if (call === undefined) throw new Error(`the model has no call ${key}`)
      calls.delete(key)
      return call
    },
    takeSummary(tag) {
      const call = calls.get(toKey(tag, 'summary'))
      calls.delete(toKey(tag, 'summary'))
      return call
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => {
        server.close(resolve)
      })
      server.closeAllConnections()
      await closed
    },
  }
}

interface Served {
  readonly key: string
  readonly call: ModelCall
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<Served> {
  const receivedAt = now()
  const body = await readText(request)
  const bytes = Buffer.byteLength(body)
  const task = toTask(JSON.parse(body))
  if (task.waitMs > 0) await delay(task.waitMs)
  const firstByteAt = now()
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
  const deltaAt = await sendEvents(response, task, bytes)
  response.end()
  return { key: toKey(task.tag, task.step), call: { receivedAt, firstByteAt, deltaAt, endedAt: now(), bytes } }
}

const bytesOfToken = 4
const usage = {
  input_tokens: 900,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
}

/** A slot of `gapMs` for each text delta by the clock, so that late timers do not add up; returns their times. */
async function sendEvents(response: ServerResponse, task: Task, bytes: number): Promise<readonly number[]> {
  const deltaAt: number[] = []
  const startedAt = now()
  for (const event of eventsOf(task, bytes)) {
    const isText = event.type === 'content_block_delta' && event.delta.type === 'text_delta'
    if (isText && task.gapMs > 0 && deltaAt.length > 0) {
      const waitMs = startedAt + deltaAt.length * task.gapMs - now()
      if (waitMs > 0) await delay(waitMs)
    }
    if (isText) deltaAt.push(now())
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  }
  return deltaAt
}

function eventsOf({ tag, step, turn, whole, counted }: Task, bytes: number): readonly RawMessageStreamEvent[] {
  const input = counted ? { ...usage, input_tokens: Math.ceil(bytes / bytesOfToken) } : usage
  const events = toEvents(toMessage(turn, { model: 'scripted', seed: toKey(tag, step), input }))
  const [block] = turn.blocks
  if (!whole || block?.type !== 'text') return events
  const { text } = block
  const start = events.findIndex(({ type }) => type === 'content_block_start')
  const rest = events.filter(({ type }) => type !== 'content_block_delta')
  return rest.toSpliced(start + 1, 0, { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })
}

function toKey(tag: string, step: Step): string {
  return `${tag}/${step}`
}
