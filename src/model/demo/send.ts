import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Message, RawMessageStreamEvent } from '@anthropic-ai/sdk/resources/messages/messages'
import type { Answer } from './answerer.ts'
import type { Fault } from './turn.ts'
import { toEvents } from './message-events.ts'
import { Refusal } from './refusal.ts'

type Paced = Answer & { readonly delayMs: number }
type SentEvent =
  | RawMessageStreamEvent
  | { readonly type: 'ping' }
  | { readonly type: 'error'; readonly error: { readonly type: string; readonly message: string } }
type StreamFault = Exclude<Fault, { do: 'status' }>

/** Sends an answer, or as much of it as its fault leaves. Ends early, without an error, when the client has left. */
export async function sendAnswer(response: ServerResponse, answer: Paced): Promise<void> {
  const { message, stream, waitMs, fault, delayMs } = answer
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  try {
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: gone.signal })
    if (fault?.do === 'status')
      throw new Refusal(fault.status, `The program asked for a ${fault.status}.`, { retryAfter: fault.retryAfter })
    if (stream) await sendStream(response, { message, fault, delayMs, gone: gone.signal })
    else sendWhole(response, message, fault)
  } catch (error) {
    if (!gone.signal.aborted) throw error
  }
}

function sendWhole(response: ServerResponse, message: Message, fault: StreamFault | undefined): void {
  if (fault) throw new Refusal(500, `The program asked for ${fault.do}, which needs a stream.`)
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(message))
}

interface Sending {
  readonly message: Message
  readonly fault: StreamFault | undefined
  readonly delayMs: number
  /** Aborts when the client has left. */
  readonly gone: AbortSignal
}

async function sendStream(response: ServerResponse, { message, fault, delayMs, gone }: Sending): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
  const events = toEvents(message)
  for (const event of fault ? events.slice(0, events.length / 2) : events) {
    if (event.type === 'content_block_delta') await pause(delayMs, gone)
    sendEvent(response, event)
    if (event.type === 'message_start') sendEvent(response, { type: 'ping' })
  }
  if (fault) await breakOff(response, fault, gone)
  else response.end()
}

async function breakOff(response: ServerResponse, fault: StreamFault, gone: AbortSignal): Promise<void> {
  switch (fault.do) {
    case 'error':
      sendEvent(response, { type: 'error', error: { type: fault.type, message: 'The program asked for this error.' } })
      response.end()
      break
    case 'garbage':
      response.end('event: content_block_delta\ndata: {"type":"content_block_delta","index":\n\n')
      break
    case 'cut':
      // What was written reaches the client before the connection ends.
      response.write('\n', () => response.destroy())
      break
    case 'stall':
      if (!gone.aborted) await once(gone, 'abort')
      break
  }
}

function sendEvent(response: ServerResponse, event: SentEvent): void {
  response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
}

/** No timer at all without a delay: even the shortest one costs a millisecond. */
async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  if (delayMs > 0) await sleep(delayMs, undefined, { signal })
}
