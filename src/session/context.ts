import type { ModelUsage } from '../wire/types.ts'
import type { BlobRef, PrivateEntry } from './entry.ts'

/** How full the model's context is, and what was done about it. */
export interface ContextState {
  /** Tokens of the last answered request, its answer included; null while none tells: at first, and after a change. */
  readonly tokens: number | null
  /** The fewest of them since results were last trimmed; null before an answer. */
  readonly least: number | null
  /** Tool rounds whose results the model reads whole. */
  readonly rounds: number
  /** A summary is due, and not there yet. */
  readonly compacting: boolean
  /** Summaries since the model last said something or called a tool, or the turn began. */
  readonly summaries: number
  /** Whether long inputs were cut since then. */
  readonly cut: boolean
  /**
   * Tokens that the first answered request behind the newest summary was read with: what no summary takes out. Null until
   * there is one, absent before any summary.
   */
  readonly floor?: number | null
  /** It was recorded that the newest summary left too little room for another one to be worth it. */
  readonly crowded?: true
}

const EMPTY: ContextState = { tokens: null, least: 0, rounds: 0, compacting: false, summaries: 0, cut: false }

/** The context of a state, which may be older than the field. */
export function contextOf(state: { readonly context?: ContextState }): ContextState {
  return state.context ?? EMPTY
}

type Private<Type extends PrivateEntry['type']> = Extract<PrivateEntry, { type: Type }>

/**
 * An answer that only fills the window is not something new.
 * @param blobs what of the answer is kept elsewhere: an empty text stands for a long one.
 */
export function afterAnswer(
  context: ContextState,
  { content, calls, stop_reason: reason }: Private<'log.assistant'>,
  blobs: readonly BlobRef[] = [],
): ContextState {
  const next = calls.length > 0 ? { ...context, rounds: context.rounds + 1 } : context
  if (reason === 'model_context_window_exceeded' && calls.length === 0) return next
  const says =
    content.some((block) => block.type === 'text' && block.text.trim() !== '') ||
    blobs.some(({ path: [list, , key] }) => list === 'content' && key === 'text')
  return says || calls.length > 0 ? anew(next) : next
}

/** Of an answered request; one that was given up has none and says nothing of the context. */
export function afterUsage(context: ContextState, usage: ModelUsage): ContextState {
  const read = usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens
  const tokens = read + usage.output_tokens
  if (tokens === 0) return context
  const measured = context.floor === null ? { floor: read } : {}
  return { ...context, tokens, least: Math.min(context.least ?? tokens, tokens), ...measured }
}

/** How full the context is now, only the next answer tells. */
export function afterTrimming(context: ContextState, entry: Private<'log.trimmed'>): ContextState {
  const rounds = Math.min(context.rounds, entry.keep_rounds)
  return { ...context, tokens: null, least: null, rounds, cut: context.cut || entry.longest !== undefined }
}

export function afterSummary(context: ContextState): ContextState {
  return { ...EMPTY, summaries: context.summaries + 1, cut: context.cut, floor: null }
}

/** What was tried in vain is tried again once there is something new. */
export function anew(context: ContextState): ContextState {
  return { ...context, summaries: 0, cut: false }
}
