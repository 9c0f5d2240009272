import type { Made, Restored, ToolOutcome } from './hands.ts'
import type { RepositoryFault, Surroundings } from './recipe.ts'
import { MAIN } from './recipe.ts'

/** What became of the generation before. */
export type Ending =
  | { readonly how: 'put away' }
  /** `why` is a clause: "its host a1b2 is gone". */
  | { readonly how: 'lost'; readonly why?: string }

/** What could be had of the workspace of the generation before. */
export type Copy =
  | {
      readonly of: 'workspace'
      readonly restored: Restored
      /** Id of the last call before it. */
      readonly after?: string
      /** Entries that were not put back, or not copied. */
      readonly leftOut: number
      /** Something could not be read when it was copied. */
      readonly isPartial?: true
      /** Calls that the copy knows nothing of: their number, and the ids of the last of them. */
      readonly since: { readonly count: number; readonly last: readonly string[] }
    }
  | { readonly of: 'nothing'; readonly because: string }

/**
 * How a sandbox came to be, as it is kept beside the log: whoever asks, in whatever try, is told the same. Nothing of
 * what was said in the session is in it.
 */
export interface Facts {
  readonly image: string | null
  readonly supplies: number
  /** As in `Made`. */
  readonly surroundings?: Surroundings
  /** Null for a first generation. */
  readonly before: { readonly ending: Ending; readonly copy: Copy } | null
  /** Files that were put in, of the user's and of the agent's own outputs. */
  readonly uploads: number
  readonly outputs: number
  /** Where repositories were cloned. */
  readonly clones: readonly string[]
  readonly faults: readonly RepositoryFault[]
  /** What else is not as it should be, a sentence each. */
  readonly notes: readonly string[]
}

/** A generation of which nothing more is known than that it is there. */
export const bareFacts: Facts = {
  image: null,
  supplies: 0,
  before: null,
  uploads: 0,
  outputs: 0,
  clones: [],
  faults: [],
  notes: [],
}

interface Generation {
  readonly hand: string
  readonly generation: number
}

/** What of a generation goes into the log. */
export function toMade(
  { provider, host = null, generation }: { provider: string; host?: string | null; generation: number },
  hand: string,
  { image, supplies, surroundings, before, faults }: Facts,
): Made {
  return {
    hand,
    generation,
    provider,
    host,
    image,
    supplies,
    restored: before?.copy.of === 'workspace' ? before.copy.restored : null,
    ...(surroundings ? { surroundings } : {}),
    ...(faults.length > 0 ? { faults } : {}),
  }
}

/** Ids of the calls that a receipt names. */
export function callsIn({ before }: Facts): readonly string[] {
  if (before?.copy.of !== 'workspace') return []
  const { after, since } = before.copy
  return after === undefined ? since.last : [after, ...since.last]
}

/** How the model knows calls, by their ids. */
type Names = ReadonlyMap<string, string>

/** What the model is told of a generation before anything else of it; no lines when there is nothing to tell. */
export function receiptOf(made: Generation, facts: Facts, names: Names): readonly string[] {
  const lines = describeChange(made, facts, names)
  const faults = facts.faults.map((fault) => describeFault(fault))
  return [...lines, ...faults, ...facts.notes.map((note) => `[${note}]`)]
}

/** A call that can have no result any more, because its sandbox is gone. */
export function describeLoss({ hand, generation }: Generation, ending: Ending = { how: 'lost' }): ToolOutcome {
  const why = ending.how === 'lost' && ending.why !== undefined ? `: ${ending.why}` : ''
  const how = ending.how === 'lost' ? `was lost before the call gave a result${why}` : 'was put away'
  const text =
    `The sandbox of this call (${nameOf({ hand, generation })}) ${how}. Its processes and the shell state are gone. Whether the ` +
    'call had an effect before that is unknown; it was not run again. The next call ' +
    `${hand === MAIN ? '' : `in ${hand} `}gets a new sandbox, and its result ` +
    'will say what was restored.'
  return { text, isError: true }
}

function describeChange({ hand, generation }: Generation, facts: Facts, names: Names): readonly string[] {
  const { before } = facts
  if (before === null) return []
  const restored = [describeCopy(before.copy, names), ...describeFiles(facts)].join('; ')
  return [
    `[This is a new sandbox (${nameOf({ hand, generation })}); the one before it ${describeEnding(before.ending)}.`,
    `Restored: ${restored}.`,
    `Lost: ${describeLost(before.copy, names)}]`,
  ]
}

function nameOf({ hand, generation }: Generation): string {
  return hand === MAIN ? `generation ${generation}` : `${hand}, generation ${generation}`
}

function describeEnding(ending: Ending): string {
  if (ending.how === 'put away') return 'was put away while it was not used'
  return ending.why === undefined ? 'was lost' : `was lost: ${ending.why}`
}

function describeCopy(copy: Copy, names: Names): string {
  if (copy.of === 'nothing') return `nothing of /workspace (${copy.because})`
  const { restored, after, leftOut, isPartial } = copy
  const moment = new Date(restored.at).toISOString().slice(0, 19).replace('T', ' ')
  const call = names.get(after ?? '')
  const last = call === undefined ? '' : ` after your call ${call}`
  const missing = leftOut === 0 ? '' : `, ${count(leftOut, 'entry', 'entries')} left out`
  const closed = isPartial ? ', without what could not be read' : ''
  const sizes = [count(restored.entries, 'entry', 'entries'), count(restored.bytes, 'byte', 'bytes')]
  const size = `${sizes.join(', ')}${missing}${closed}`
  return `/workspace as it was at ${moment} UTC${last} (${size})`
}

function describeFiles({ uploads, outputs, clones }: Facts): readonly string[] {
  return [
    ...(uploads > 0 ? [`${count(uploads, 'file', 'files')} in /mnt/session/uploads`] : []),
    ...(outputs > 0 ? [`${count(outputs, 'file', 'files')} in /mnt/session/outputs`] : []),
    ...clones.map((path) => `a fresh clone in ${path}`),
  ]
}

const ALWAYS = "everything in /tmp and /home/agent, the shell's variables and folder, and every process."

function describeLost(copy: Copy, names: Names): string {
  if (copy.of === 'nothing') return `everything else in /workspace, ${ALWAYS}`
  const { since, leftOut, isPartial } = copy
  const all = leftOut === 0 && !isPartial ? 'Nothing' : 'Nothing else'
  if (since.count === 0) return `${ALWAYS} ${all} of /workspace was lost that a call of yours had left there.`
  return `what came after that (${describeCalls(
    since.count,
    since.last.flatMap((id) => names.get(id) ?? []),
  )}); ${ALWAYS}`
}

function describeCalls(all: number, names: readonly string[]): string {
  const total = count(all, 'call', 'calls')
  if (names.length === 0) return total
  return `${total}${names.length < all ? ', the last of them' : ''}: ${names.join(', ')}`
}

function describeFault({ url, message }: RepositoryFault): string {
  const reason = message.replace(/[.\s]+$/, '')
  return `[${url} could not be cloned: ${reason}. Once that is put right, git clone ${url} works from inside.]`
}

function count(number: number, one: string, many: string): string {
  return `${number.toLocaleString('en-US')} ${number === 1 ? one : many}`
}
