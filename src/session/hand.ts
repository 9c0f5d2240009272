import type { HandPrefix } from '../wire/session-hands.ts'
import type { Entry } from './entry.ts'
import { field } from './field.ts'
import type { Call, HandState, LogState } from './state.ts'
import { MAIN, handOf } from './state.ts'

/** Keys of a session's metadata that begin so name its hands beside the main one, for as long as it lives. */
const HAND_KEY: HandPrefix = 'longhand.hand.'

/** The hand that a call is for. A name that is no hand's is left to the main one, which says so. */
export function handOfCall({ metadata }: Pick<LogState, 'metadata'>, { input }: Pick<Call, 'input'>): string {
  const named = field(input, 'environment')
  return typeof named === 'string' && Object.hasOwn(metadata, `${HAND_KEY}${named}`) ? named : MAIN
}

/** Why a patch of the metadata is not done: hands are given at creation, and stay. Null where it leaves them alone. */
export function refusesHands(
  { metadata }: Pick<LogState, 'metadata'>,
  patch: Readonly<Record<string, string | null>> = {},
): string | null {
  const before = new Map(Object.entries(metadata))
  const changed = Object.entries(patch).find(
    ([key, value]) => key.startsWith(HAND_KEY) && (before.get(key) ?? null) !== value,
  )
  return changed ? `metadata: ${changed[0]}: the hands of a session are given when it is created, and stay` : null
}

type Came = Extract<Entry, { type: 'log.provisioned' | 'log.unprovisioned' }>

/**
 * What came of making a sandbox. The model knows a generation once a result tells of it: one that is lost before that is
 * told with the next. Calls run beside each other, so the older of two generations may be recorded last; it counts for
 * nothing then.
 */
export function foldHand(state: LogState, entry: Came): LogState {
  const hand = handOf(state, entry.hand)
  // A call may have made one meanwhile, whose record stands before this one or behind it.
  if (entry.type === 'log.unprovisioned') return hand ? state : withHand(state, entry.hand, { known: 0, failed: true })
  const { known, lacking } = hand ?? { known: 0 }
  if (entry.generation < known) return state
  const lacks = lacking === undefined ? {} : { lacking }
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
