import { setTimeout as delay } from 'node:timers/promises'
import type { SessionEvent } from '../../src/wire/types.ts'
import type { Yard } from './yard.ts'

/** A client that reads a session's stream and resumes it with `Last-Event-ID` whenever it breaks. */
export interface Reader {
  /** Finished events as they came on the wire. */
  readonly finished: readonly SessionEvent[]
  readonly resumed: number
  close(): void
}

const RETRY_MS = 100

/** Begins at the log's first event that comes after the stream is open. */
export function follow({ client }: Yard, session: string): Reader {
  const finished: SessionEvent[] = []
  const closed = new AbortController()
  let position: string | null = null
  let opened = 0

  async function read(): Promise<void> {
    const headers = { 'x-api-key': client.apiKey ?? '', ...(position === null ? {} : { 'last-event-id': position }) }
    const url = `${client.baseURL}/v1/sessions/${session}/events/stream`
    const response = await fetch(url, { headers, signal: closed.signal })
    if (!response.ok || !response.body) throw new Error(`status ${response.status}`)
    opened += 1
    let rest = ''
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      const frames = (rest + chunk).split('\n\n')
      rest = frames.pop() ?? ''
      for (const frame of frames) take(frame)
    }
  }

  function take(frame: string): void {
    const id = /^id: (.*)$/m.exec(frame)?.[1]
    const data = /^data: (.*)$/m.exec(frame)?.[1]
    if (id === undefined || data === undefined) return
    position = id
    const event: SessionEvent = JSON.parse(data)
    if (event.processed_at) finished.push(event)
  }

  void (async () => {
    while (!closed.signal.aborted) {
      await read().catch(() => undefined)
      await delay(RETRY_MS)
    }
  })()
  return {
    finished,
    get resumed() {
      return Math.max(0, opened - 1)
    },
    close: () => closed.abort(),
  }
}
