/**
 * The present, in milliseconds since the epoch. Inside a workflow this is Temporal's deterministic clock: the start of
 * the current workflow task, the same on every replay.
 */
export function now(): number {
  return Date.now()
}
