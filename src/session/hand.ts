import type { Entry } from './entry.ts'
import type { HandState, LogState } from './state.ts'
import { handOf } from './state.ts'

type Came = Extract<Entry, { type: 'log.provisioned' | 'log.unprovisioned' }>

/**
 * What came of making a sandbox. The model knows a generation once a result tells of it: one that is lost before that is
 * told with the next. Calls run beside each other, so the older of two generations may be recorded last; it counts for
 * nothing then.
 */
export function foldHand(state: LogState, entry: Came): LogState {
  const { known, host, lacking } = handOf(state, entry.hand) ?? { known: 0 }
  const lacks = lacking === undefined ? {} : { lacking }
  if (entry.type === 'log.unprovisioned')
    return withHand(state, entry.hand, { known, ...(host === undefined ? {} : { host }), ...lacks, failed: true })
  if (entry.generation < known) return state
  const { host: now } = entry
  return withHand(state, entry.hand, {
    known: entry.told ? entry.generation : known,
    ...(now === undefined ? {} : { host: now }),
    ...(entry.faults && entry.generation > (lacking ?? 0) ? { lacking: entry.generation } : lacks),
  })
}

function withHand(state: LogState, name: string, hand: HandState): LogState {
  return { ...state, hands: { ...state.hands, [name]: hand } }
}
