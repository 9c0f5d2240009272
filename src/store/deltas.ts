/** A preview's beginning, or a fragment of the text of its content block `index`. */
export type DeltaPart =
  | { readonly type: 'start'; readonly of: PreviewedType; readonly id: string }
  | { readonly type: 'text'; readonly id: string; readonly index: number; readonly text: string }

/** The types of events that are previewed. */
export type PreviewedType = 'agent.message' | 'agent.thinking'

/** Which try of which model call a batch belongs to: `run` is the Temporal run's id, `attempt` counts from 1. */
export interface DeltaSource {
  readonly session: string
  readonly run: string
  readonly activity: string
  readonly attempt: number
}

export interface DeltaBatch extends DeltaSource {
  /** Number of the batch within its attempt, from 0 and without gaps. */
  readonly seq: number
  readonly parts: readonly DeltaPart[]
}

/**
 * Carries previews from workers to whoever streams them. Nothing is stored: what is published while nobody listens is
 * gone, and what a broken connection loses shows as a gap in `seq`.
 */
export interface DeltaChannel {
  /** Rejects when the batch may not have gone out. Its parts are at most 5,700 bytes of JSON. */
  publish(batch: DeltaBatch): Promise<void>
  /**
   * Calls `handler`, which must not throw, with the session of every batch; `read` decodes the batch, for those who
   * want it, and gives null for one that is none. Answers how to stop.
   */
  subscribe(handler: (session: string, read: () => DeltaBatch | null) => void): Promise<() => void>
}
