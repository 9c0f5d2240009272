import { Context } from '@temporalio/activity'

/** Beats this often, so that a lost worker is noticed within the 3 s of the heartbeat time-out. */
const BEAT_MS = 500

/** Beats for the current activity until the returned function is called. */
export function startHeartbeat(): () => void {
  const { heartbeat } = Context.current()
  const beat = setInterval(() => heartbeat(), BEAT_MS)
  return () => clearInterval(beat)
}
