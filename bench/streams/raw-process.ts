import type { ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { now } from '../support/clock.ts'
import type { Emission } from './raw.ts'

/** Open streams, each with the number that its path gives it. */
const responses = new Map<ServerResponse, number>()

const server = createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  response.flushHeaders()
  responses.set(response, Number(request.url?.slice(1)))
  response.once('close', () => responses.delete(response))
})

/** One frame after the other by the clock, each to all readers or to the reader of the next number; the keys are `raw0`, `raw1`, … */
async function emit({ frames, gapMs, bytes, readers, to }: Emission): Promise<void> {
  const startedAt = now()
  for (let number = 0; number < frames; number += 1) {
    const waitMs = startedAt + number * gapMs - now()
    if (waitMs > 0) await delay(waitMs)
    const event = { id: `raw${number}`, made_at: now(), text: 'x'.repeat(bytes) }
    const frame = `event: message\ndata: ${JSON.stringify(event)}\n\n`
    for (const [response, own] of responses) if (to === 'all' || own === number % readers) response.write(frame)
  }
}

process.on('message', (order: Emission) => {
  void emit(order).then(() => process.send?.('done'))
})
process.once('disconnect', () => process.exit())
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.(typeof address === 'object' && address ? address.port : 0)
})
