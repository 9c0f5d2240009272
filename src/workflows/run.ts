import { workflowInfo } from '@temporalio/workflow'
import type { Carried } from '../session/carry.ts'
import { carry, isLight } from '../session/carry.ts'
import type { Policy } from '../session/policy.ts'
import { renew } from '../session/policy.ts'
import { numberBehindResets } from '../session/run-number.ts'
import type { Snapshot } from '../session/snapshot.ts'
import { snapshot } from '../session/snapshot.ts'
import type { LogState } from '../session/state.ts'
import { now } from '../wire/clock.ts'
import type { Archivist } from './archivist.ts'
import { createArchivist } from './archivist.ts'
import type { SessionInput } from './messages.ts'
import type { Staffing } from './staffing.ts'
import { createStaffing } from './staffing.ts'
import type { WorkClock } from './work-clock.ts'
import { createWorkClock } from './work-clock.ts'

/** Running time of turns: from the pass that leaves the session running to the idle group. */
export interface TurnClock {
  start(): void
  stop(sofar: number): number
}

/** One of the runs that a session consists of. */
export interface Run {
  /** From 1. Of a run that was reset, one that is not below any number that its readers give it. */
  readonly number: number
  readonly clock: TurnClock
  readonly work: WorkClock
  readonly archivist: Archivist
  readonly staffing: Staffing
  /** Whether it has become so long that it should end; asked at most once a pass. A run that took over has one pass at least. */
  isDue(state: LogState, signals: number): boolean
  /** What the next run starts with. */
  handOver(
    input: SessionInput | undefined,
    now: { readonly state: LogState; readonly opened: { readonly policy: Policy; readonly agentName: string } },
  ): { readonly input: SessionInput; readonly snapshot: Snapshot }
}

/** Past this share of its limits a run ends even when what waits for the client is large. */
const OVERDUE = 1.5

export function createRun(carried: Carried | null, { run: limits }: Policy): Run {
  const number = carried?.run ?? 1
  const { runId, originalExecutionRunId, startTime } = workflowInfo()
  const startedAt = carried?.startedAt ?? startTime.getTime()
  const archivist = createArchivist(carried?.unarchived ?? [], number)
  const staffing = createStaffing(carried === null)
  let since = carried?.turnSince ?? null
  let latest = carried?.at ?? 0
  // No command may depend on it: what was copied from the run before the reset is replayed under the new id.
  const isReset = runId !== originalExecutionRunId
  const present = (): number => (isReset ? numberBehindResets(number, now() - startedAt) : number)
  // Limits below what a run begins with would have runs hand over to each other for ever.
  let isFresh = carried !== null

  const clock: TurnClock = {
    start() {
      since ??= now()
    },
    stop(sofar) {
      const turn = since === null ? 0 : now() - since
      since = null
      return Math.round(sofar * 1000 + turn) / 1000
    },
  }

  return {
    get number() {
      return present()
    },
    clock,
    work: createWorkClock(now),
    archivist,
    staffing,
    isDue(state, signals) {
      latest = Math.max(latest, now())
      const wasFresh = isFresh
      isFresh = false
      if (!limits || wasFresh || staffing.isBusy()) return false
      const { historyLength, historySize, continueAsNewSuggested } = workflowInfo()
      const share = Math.max(historyLength / limits.events, historySize / limits.bytes, signals / limits.signals)
      return (share > 1 && isLight(state)) || share > OVERDUE || continueAsNewSuggested
    },
    handOver(input, { state, opened }) {
      const { policy, agentName } = opened
      const unarchived = [...archivist.unarchived, { run: number, id: runId }]
      return {
        input: {
          ...(input?.workspace === undefined ? {} : { workspace: input.workspace }),
          configuration: { id: state.configuration ?? '', agentName, policy: renew(policy) },
          carried: { run: present() + 1, state: carry(state), at: latest, startedAt, unarchived, turnSince: since },
        },
        snapshot: snapshot(state, agentName),
      }
    },
  }
}
