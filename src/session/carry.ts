import { field } from './field.ts'
import type { LogState } from './state.ts'

/** A run before this one, by Temporal's id. */
export interface EarlierRun {
  /** Not above the number that readers know it by: of one that was reset, the number that it had before. */
  readonly run: number
  readonly id: string
}

/** What one run of a session hands to the next, beside the configuration: plain JSON, at most 64 KiB and the queue. */
export interface Carried {
  /** The new run's number, from 2. */
  readonly run: number
  readonly state: LogState
  /** No item of the run is earlier: milliseconds since the epoch, like every time here. */
  readonly at: number
  /** When the session began. */
  readonly startedAt: number
  /** Earlier runs that are not known to be in the archive, oldest first. */
  readonly unarchived: readonly EarlierRun[]
  /** Since when the present turn has been running; null while the session is idle. */
  readonly turnSince: number | null
}

/** Characters of JSON of calls that wait for the client, with which a run still ends when it is due. */
const CALLS_LENGTH = 12 * 1024
const ANSWERS_LENGTH = 8 * 1024
/** A thousand ids of ours are 32,000 characters; plain clients may choose longer ones. */
const SEEN_LENGTH = 34 * 1024

/** Whether the next thing is to ask the model: a run may end here, before it is asked, and the next one ask. */
export function isBetweenSteps(state: LogState): boolean {
  return state.status === 'running' && state.phase === 'ready'
}

/** Whether what would be carried is small; calls with large inputs are better waited for. */
export function isLight(state: LogState): boolean {
  return JSON.stringify(state.calls).length <= CALLS_LENGTH
}

/** The state as the next run begins with it: of answers, and of ids against doubles, the last that fit. */
export function carry(state: LogState): LogState {
  return { ...state, answers: lastOf(state.answers, ANSWERS_LENGTH), seen: lastOf(state.seen, SEEN_LENGTH) }
}

function lastOf<T>(list: readonly T[], most: number): readonly T[] {
  let length = 0
  const tooMany = list.findLastIndex((one) => (length += JSON.stringify(one).length + 1) > most)
  return list.slice(tooMany + 1)
}

/**
 * What the input of a run that continues another carries over.
 * @throws for a state in a shape that this version does not know: a newer worker has to take the session.
 */
export function readCarried(input: unknown): Carried | null {
  const carried = field(input, 'carried')
  if (carried === undefined) return null
  const version = field(field(carried, 'state'), 'v')
  if (version !== 1) throw new Error(`expected a carried state of version 1, got ${JSON.stringify(version)}`)
  // Written by our own workflow; the version says its shape.
  return carried as Carried
}
