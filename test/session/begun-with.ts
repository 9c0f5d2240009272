import type { LogEntry } from '../../src/session/transcript.ts'

/**
 * The configuration that a session had when its present turn began, read from what the log says of statuses and changes
 * alone: nothing that the fold keeps.
 */
export function begunWith(says: readonly LogEntry[], first: string): string {
  let newest = first
  let begun = first
  let isOver = true
  let isPaused = false
  for (const entry of says) {
    if (entry.type === 'session.updated') newest = entry.configuration ?? newest
    if (entry.type === 'session.thread_status_idle') isPaused = entry.stop_reason.type === 'budget_reached'
    if (entry.type === 'session.status_idle') isOver = entry.stop_reason.type !== 'requires_action' && !isPaused
    if (entry.type === 'session.status_running') {
      if (isOver) begun = newest
      isOver = false
    }
  }
  return begun
}
