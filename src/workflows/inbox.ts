import type { RawValue } from '@temporalio/common'
import { defaultPayloadConverter, rawValueTypeInfo } from '@temporalio/common'
import { CancellationScope, defineQuery, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow'
import type { Parsed } from '../session/arrival.ts'
import { parseArrivals } from '../session/arrival.ts'
import { parseChange } from '../session/change.ts'
import { EVENTS_SIGNAL } from '../session/names.ts'
import type { Input } from '../session/settle.ts'
import type { LogState } from '../session/state.ts'
import type { ConfigureUpdate, Verdict } from './messages.ts'
import { ARCHIVE_UPDATE, CONFIGURE_UPDATE, STATE_QUERY } from './messages.ts'

/** Something from outside that the loop has not taken in yet; an update's caller awaits the verdict. */
export interface Letter {
  readonly inputs: readonly Input[]
  readonly answer?: (verdict: Verdict) => void
}

export interface Inbox {
  readonly letters: Letter[]
  /** Signals of this run so far. */
  signals(): number
}

/** What a run starts with. */
interface Opening {
  /** With `events`; undefined where there are none to begin with. */
  readonly start: unknown
  readonly takesResults: boolean
}

/**
 * Registers every handler. They only put letters into the inbox; what they mean is for the loop to say. Letters keep
 * the order of history, and signals are counted in it, the start being number 0.
 */
export function openInbox({ start, takesResults }: Opening, state: () => LogState): Inbox {
  const inbox: Letter[] = []
  let signals = 0
  const put = (payload: unknown): void => {
    inbox.push({ inputs: toInputs(parseArrivals(payload, takesResults), signals) })
    signals += 1
  }
  const ask = (input: Input): Promise<Verdict> => new Promise((answer) => inbox.push({ inputs: [input], answer }))

  if (start !== undefined) put(start)
  signals = 1
  setHandler(
    defineSignal<[RawValue]>(EVENTS_SIGNAL, { typeInfo: { inputTypes: [rawValueTypeInfo] } }),
    (raw) => put(readRaw(raw)),
    {
      description: 'Takes {"events": [{"type": "user.message", "content": [{"type": "text", "text": "…"}]}]}',
    },
  )
  setHandler(defineUpdate<Verdict, [ConfigureUpdate]>(CONFIGURE_UPDATE), async (payload) => {
    const parsed = parseChange(payload)
    return parsed.ok ? ask({ type: 'configured', ...parsed.change }) : { refused: parsed.reason }
  })
  setHandler(defineUpdate<Verdict>(ARCHIVE_UPDATE), () => ask({ type: 'archived' }))
  setHandler(defineQuery<LogState>(STATE_QUERY), state)
  CancellationScope.current().cancelRequested.catch(() => inbox.push({ inputs: [{ type: 'cancelled' }] }))
  return { letters: inbox, signals: () => signals - 1 }
}

/** A payload typed by hand in the Web UI may be anything: one that cannot be read must not fail the task for ever. */
function readRaw(raw: RawValue | undefined): unknown {
  try {
    return raw && defaultPayloadConverter.fromPayload(raw.payload)
  } catch (error) {
    return { undecodable: String(error) }
  }
}

function toInputs(parsed: Parsed, signal: number): readonly Input[] {
  if (!parsed.ok) return [{ type: 'malformed', reason: parsed.reason }]
  return parsed.events.map((event, index) => {
    const blobs = parsed.blobs[index]
    return { type: 'arrived', event, signal, index, ...(blobs ? { blobs } : {}) }
  })
}
