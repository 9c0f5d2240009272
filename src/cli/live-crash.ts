import { setTimeout as sleep } from 'node:timers/promises'
import { seconds } from './demo-lines.ts'
import type { Stage } from './stage.ts'
import { until } from './until.ts'

/** A call that still runs after this many milliseconds is in its middle. */
const MIDDLE_MS = 300
const DOWN_MS = 1500

/** What the crash of a live demo's worker was seen to do. */
export interface LiveCrash {
  /** Whether the tool call still ran. */
  readonly isMiddle: boolean
  readonly killed: number
  readonly successor: number
  /** Events of history that the new worker replayed; null when the turn was over before it had anything to take over. */
  readonly replayed: number | null
}

export interface LiveCrashOptions {
  readonly stage: Stage
  readonly session: string
  /** The tool's name, for the line. */
  readonly tool: string
  /** Aborts when the call has its result. */
  readonly answered: AbortSignal
  /** How long nobody runs the agent, in ms; 1.5 s unless told otherwise. */
  readonly downMs?: number | undefined
  /** Aborts when the session rests. */
  readonly rested: AbortSignal
  /** Called when the worker is about to die. */
  readonly onKill: () => void
  readonly print: (line: string) => void
  readonly signal: AbortSignal
}

/** Kills the worker in the middle of a tool call, or right behind one that is short, and lets another one take over. */
export async function crashLiveWorker(options: LiveCrashOptions): Promise<LiveCrash> {
  const { stage, session, tool, answered, rested, print, signal, downMs = DOWN_MS } = options
  await sleep(MIDDLE_MS, undefined, { signal: AbortSignal.any([answered, signal]) }).catch(() => undefined)
  signal.throwIfAborted()
  const isMiddle = !answered.aborted
  options.onKill()
  const killed = stage.killWorker()
  const killedAt = performance.now()
  const place = isMiddle ? `in the middle of ${tool}` : `right after ${tool}`
  print('')
  print(`  ✗ kill -9 ${`${killed}`.padEnd(8)} the worker is gone, ${place}. Nothing runs the agent now.`)
  await until(
    signal,
    async () => stage.isWorkerAlive(),
    (alive) => !alive,
  )
  await sleep(downMs, undefined, { signal })
  const allowedAt = performance.now()
  const successor = await stage.startWorker()
  const seen = await until(
    signal,
    async () => ({ replayed: await stage.replayed(session, successor), isOver: rested.aborted }),
    ({ replayed, isOver }) => replayed !== null || isOver,
  )
  const took = `${seconds(performance.now() - killedAt)} after the kill, ${seconds(performance.now() - allowedAt)} after one was let in again`
  print(
    seen.replayed === null
      ? `  ✓ worker ${`${successor}`.padEnd(9)} is there, but the turn was over: it had nothing to take over`
      : `  ✓ worker ${`${successor}`.padEnd(9)} took over ${took}: ${seen.replayed} events replayed`,
  )
  print('')
  return { isMiddle, killed, successor, replayed: seen.replayed }
}
