import { setTimeout as delay } from 'node:timers/promises'
import type { Connection } from '@temporalio/client'
import { readBusyMs, readLoad } from '../support/machine.ts'
import type { Stack } from '../support/stack.ts'
import { BenchSession, carriers } from './bench-session.ts'
import type { Carrier, History } from './bench-session.ts'

type Each<T> = Readonly<Record<Carrier, T>>

export interface Plan {
  /** Pairs of sessions, one of each carrier; a first pair comes before them and is not counted. */
  readonly sessions: number
  /** Counted turns of each session. */
  readonly turns: number
  /** Turns before them that fill the worker's cache and are not counted. */
  readonly warmUp: number
  /** Rest after each turn, so that what one carrier leaves the server to do does not fall into the other's turn. */
  readonly restMs: number
}

export interface Measurement {
  /** Milliseconds from sending the signal to the reader's holding the idle group; one element per pair. */
  readonly latency: Each<readonly number[]>
  /** History per turn. */
  readonly events: Each<number>
  readonly bytes: Each<number>
  readonly load: { readonly before: number; readonly after: number }
  /** CPU time of the whole machine per pair: what the pair costs, and what others used meanwhile. */
  readonly busyMsPerPair: number
}

/** Runs turns of both carriers alternately against the stack. */
export async function measure({ connection }: Stack, plan: Plan): Promise<Measurement> {
  await runSessions(connection, plan)
  const before = readLoad()
  const busy = readBusyMs()
  const latency: Record<Carrier, number[]> = { memo: [], ride: [] }
  const grown: Record<Carrier, History[]> = { memo: [], ride: [] }
  for (let index = 0; index < plan.sessions; index += 1) {
    const sessions = await runSessions(connection, plan)
    for (const carrier of carriers) {
      latency[carrier].push(...sessions[carrier].latency)
      grown[carrier].push(sessions[carrier].grown)
    }
  }
  const turns = plan.sessions * plan.turns
  const perTurn = (histories: readonly History[], size: keyof History): number =>
    histories.reduce((sum, history) => sum + history[size], 0) / turns
  return {
    latency,
    events: { memo: perTurn(grown.memo, 'events'), ride: perTurn(grown.ride, 'events') },
    bytes: { memo: perTurn(grown.memo, 'bytes'), ride: perTurn(grown.ride, 'bytes') },
    load: { before, after: readLoad() },
    busyMsPerPair: (readBusyMs() - busy) / turns,
  }
}

interface SessionResult {
  readonly latency: readonly number[]
  /** What the counted turns added to the history. */
  readonly grown: History
}

/** One fresh session of each carrier, so that both histories have the same age; who goes first changes every turn. */
async function runSessions(connection: Connection, plan: Plan): Promise<Each<SessionResult>> {
  await using memo = await BenchSession.start(connection, 'memo')
  await using ride = await BenchSession.start(connection, 'ride')
  const sessions = { memo, ride }
  const latency: Record<Carrier, number[]> = { memo: [], ride: [] }
  const runTurns = async (count: number, keep: boolean): Promise<void> => {
    for (let turn = 0; turn < count; turn += 1) {
      for (const carrier of turn % 2 === 0 ? carriers : carriers.toReversed()) {
        const took = await sessions[carrier].runTurn()
        if (keep) latency[carrier].push(took)
        await delay(plan.restMs)
      }
    }
  }
  await runTurns(plan.warmUp, false)
  const before = { memo: await memo.size(), ride: await ride.size() }
  await runTurns(plan.turns, true)
  const finish = async (carrier: Carrier): Promise<SessionResult> => {
    const after = await sessions[carrier].size()
    sessions[carrier].verify(plan.warmUp + plan.turns)
    const { events, bytes } = before[carrier]
    return { latency: latency[carrier], grown: { events: after.events - events, bytes: after.bytes - bytes } }
  }
  return { memo: await finish('memo'), ride: await finish('ride') }
}
