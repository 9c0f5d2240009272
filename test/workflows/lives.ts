import type { History } from '@temporalio/common/lib/proto-utils.js'
import fc from 'fast-check'
import type { Policy } from '../../src/session/policy.ts'
import { CONTEXT, interrupt, message } from '../support/session-builders.ts'
import type { Batch, Player } from './program.ts'
import { batchOf, createPlayer } from './program.ts'
import { policy, send } from './steps.ts'
import type { Rig, RigSession } from './rig.ts'

export const SESSIONS = 6
const ROUNDS = 4
const shortRuns = { ...policy, run: { events: 16, signals: 100, bytes: 2 ** 21 } }

/** What a run of the property went through; a run that never met what it is about proves nothing. */
export interface Counts {
  sessions: number
  histories: number
  events: number
  /** Activations that told of two results, or of a result and an interrupt. */
  readonly crowded: { results: number; interrupted: number }
  /** Completions behind the request to cancel their activity. */
  late: number
}

interface Life {
  readonly session: RigSession
  readonly player: Player
}

/**
 * The property that holds everything up, on a real server: whatever comes in whatever order, the workflow's own state
 * is the fold of the log that readers project from its history, and that log is sound. Checked after every round, with
 * everything at rest. Rejects with a batch that breaks it; with `shrink`, which may take as long again many times over,
 * with a small one.
 */
export async function assertLives(
  rigs: readonly Rig[],
  { batches, seed, shrink = false }: { batches: number; seed?: number; shrink?: boolean },
): Promise<Counts> {
  const counts: Counts = { sessions: 0, histories: 0, events: 0, crowded: { results: 0, interrupted: 0 }, late: 0 }
  let turn = 0
  const property = fc.asyncProperty(batchOf(SESSIONS, ROUNDS), async (batch) => {
    const rig = rigs[turn++ % rigs.length]
    if (!rig) throw new Error('expected a rig')
    await live(rig, batch, counts)
  })
  await fc.assert(property, { numRuns: batches, endOnFailure: !shrink, ...(seed === undefined ? {} : { seed }) })
  return counts
}

async function live(rig: Rig, { modes, lives }: Batch, counts: Counts): Promise<void> {
  const players = await Promise.all(
    lives.map(async (rounds, index): Promise<Life & { rounds: typeof rounds }> => {
      // Every third life goes over to another run at each boundary that it comes to.
      const runs = index % 3 === 0 ? shortRuns : policy
      // And every third one minds how full its context is.
      const minds = index % 3 === 0 ? { ...runs, context: CONTEXT } : runs
      // The calls of one of them are for a worker of the user's.
      const selfHosted = index === 3 ? true : undefined
      // Two have their sandboxes made ahead of calls.
      const ahead = ([undefined, undefined, undefined, undefined, 'parallel', 'first'] as const)[index]
      const place: Policy = {
        ...minds,
        ...(selfHosted ? { selfHosted } : {}),
        ...(ahead ? { provisioning: ahead } : {}),
      }
      const configuration = { id: 'cfg_1', agentName: 'tester', policy: place }
      const session = await rig.start({ configuration, events: [message('sevt_first')] })
      return { session, player: createPlayer(session, selfHosted), rounds }
    }),
  )
  for (const [round, mode] of modes.entries()) {
    const play = (): Promise<void> =>
      all(
        players.map(({ session, player, rounds }) => {
          const playRound = (): Promise<void> => player.play(rounds[round] ?? [])
          return mode === 'held' ? session.together(playRound) : playRound()
        }),
      )
    await (mode === 'down' ? rig.whileDown(play) : play())
    await all(players.map(check))
  }
  await all(players.map((life) => finish(life, counts)))
}

/** Like `Promise.all`, but what fails leaves nothing under way. */
async function all(works: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(works)) if (result.status === 'rejected') throw result.reason
}

async function check({ session, player }: Life): Promise<void> {
  await player.answered()
  await session.settle()
}

/** Every life ends the same way: interrupted, archived, and told too late of what it had given up. */
async function finish(life: Life, counts: Counts): Promise<void> {
  const { session, player } = life
  // What was queued behind calls that waited for the client starts a turn of its own once the first one is ended.
  for (let turn = 0; turn === 0 || (await session.settle()).status !== 'idle'; turn++) {
    await send(session, interrupt(`sevt_end${turn}`))
  }
  await player.endLate()
  await check(life)
  const { refused } = await session.archive()
  if (refused !== null) throw new Error(refused)
  await session.settle()
  counts.sessions += 1
  await count(session, counts)
}

/** Reads raw history on its own: tasks are told what happened since the task before them had started. */
async function count(session: RigSession, counts: Counts): Promise<void> {
  const histories = await session.histories()
  for (const history of histories) countOne(history, counts)
  counts.histories += histories.length
}

function countOne({ events }: History, counts: Counts): void {
  const cancelled = new Set<string>()
  let results = 0
  let signals = 0
  for (const event of events ?? []) {
    const { activityTaskCompletedEventAttributes: completed, activityTaskCancelRequestedEventAttributes: cancel } =
      event
    if (cancel) cancelled.add(String(cancel.scheduledEventId))
    if (completed && cancelled.has(String(completed.scheduledEventId))) counts.late += 1
    else if (completed) results += 1
    if (event.workflowExecutionSignaledEventAttributes) signals += 1
    if (!event.workflowTaskCompletedEventAttributes) continue
    if (results > 1) counts.crowded.results += 1
    if (results > 0 && signals > 0) counts.crowded.interrupted += 1
    results = 0
    signals = 0
  }
  counts.events += events?.length ?? 0
}
