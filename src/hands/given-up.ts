import type { KeptSandbox, SandboxLedger } from './ledger.ts'
import type { HandsLog } from './places.ts'
import { MAIN } from './recipe.ts'
import type { Sandbox } from './sandbox.ts'

/** Ids of the session's calls that have no result in its log, as that stands now; null while the session is at work. */
export type OpenCalls = (sessionId: string) => Promise<readonly string[] | null>

/** Whoever gave a call up ends its command at once, and so does the next call: what is left by then is nobody's. */
export const GIVEN_UP_MS = 60_000
/** A sandbox in which commands were ended is left alone so long: an agent can make them hard to end. */
const HELD_OFF_MS = 60_000
/** At one look. */
const MOST = 8

interface EndingOptions {
  readonly openCalls: OpenCalls
  readonly ledger: Pick<SandboxLedger, 'callsSince'>
  readonly log: HandsLog
  /** By names of this file's: until when a sandbox is left alone. */
  readonly heldOff: Map<string, number>
  readonly signal: AbortSignal
  /** Of the host's own clock. */
  readonly now: number
}

/**
 * Ends the commands of calls that have their results: a worker that died before it heard of an interrupt left them, and
 * nobody joins them. What runs is asked first, the log after that: a command that ran by then was in the log by then, so
 * none that somebody waits for, or will wait for, is ended.
 */
export async function endGivenUp(
  { row, unusedMs }: KeptSandbox,
  sandbox: Pick<Sandbox, 'running' | 'cancel'>,
  { openCalls, ledger, log, heldOff, signal, now }: EndingOptions,
): Promise<void> {
  const { sessionId, hand = MAIN, generation, reference } = row
  const name = `${reference} ended`
  if (unusedMs < GIVEN_UP_MS || now < (heldOff.get(name) ?? 0)) return
  const running = await sandbox.running()
  const calls = new Set(await ledger.callsSince({ sessionId, hand, generation, at: null }))
  const open = await openCalls(sessionId)
  if (open === null) return
  const givenUp = running.filter((id) => calls.has(id) && !open.includes(id)).slice(0, MOST)
  if (givenUp.length === 0) return
  heldOff.set(name, now + HELD_OFF_MS)
  for (const id of givenUp) {
    if (signal.aborted) return
    await sandbox.cancel(id)
  }
  log.info({ sessionId, hand, generation, calls: givenUp }, 'commands ended that nobody waits for')
}
