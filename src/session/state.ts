import type { ModelUsage, SessionStatus, StopDetails, StopReason } from '../wire/types.ts'
import type { Budget } from './budget.ts'
import type { ContextState } from './context.ts'
import type { Accounting, Work } from './cost.ts'
import type { Arrival, BlobRef } from './entry.ts'
import type { RequestSize } from './estimate.ts'
import type { ContextPolicy, Provisioning } from './policy.ts'
import type { Usage } from './usage.ts'
import { emptyUsage } from './usage.ts'

/**
 * Where a running session stands: `ready` to ask the model, waiting for the `model`, for its summary (`compacting`), for
 * its `tools`, for the end of a `backoff`, `failed` in a model request that nobody has judged yet, or `over`: the model
 * has nothing more to do.
 */
export type Phase = 'idle' | 'ready' | 'model' | 'compacting' | 'failed' | 'tools' | 'over' | 'backoff'

/** A call of the current step that has no result yet. */
export interface Call {
  readonly id: string
  readonly name: string
  readonly input: unknown
  /** Strings of the input that are kept elsewhere. */
  readonly blobs?: readonly BlobRef[]
  /**
   * `allowed` calls run; `asked` and `custom` ones wait for the client; a client's answer makes an asked one
   * `confirmed` or `denied`; `refused` ones were denied by policy and only need their closing result. In self-hosted
   * sessions nothing runs here: what would be allowed or confirmed is `remote`, and waits for a worker's result.
   */
  readonly standing: 'allowed' | 'asked' | 'custom' | 'confirmed' | 'denied' | 'refused' | 'remote'
  readonly denial?: string
}

/** The hand that every session has. */
export const MAIN = 'main'

/** What is known of a hand's sandbox. */
export interface HandState {
  /** The newest generation that the model has been told of; 0 before any. */
  readonly known: number
  /** Where the newest one is; absent where hosts have no names. */
  readonly host?: string
  /** None could be made the last time. */
  readonly failed?: true
  /** The newest one that goes without a repository of the session's; absent before any. */
  readonly lacking?: number
}

/** What a client said to a call: a confirmation, that it settled a custom call, or that it ran one of the toolset. */
export interface Answer {
  readonly call: string
  readonly result: 'allow' | 'deny' | 'settled' | 'returned'
  readonly message?: string
  /** Characters that the model is told with it; absent where nobody counts them. */
  readonly heard?: number
}

/**
 * The fold of a session's log, and thereby the workflow's state: plain JSON, the continue-as-new argument, the answer
 * to a query, the input of `check`. Nothing in it is known to the workflow alone.
 */
export interface LogState {
  /** Shape of this object; older ones are upgraded by pure functions, a newer one fails the task. */
  readonly v: 1
  readonly status: SessionStatus
  readonly phase: Phase
  /** Why the session is idle; null before its first turn and while it runs. */
  readonly stop: StopReason | null
  readonly stopDetails: StopDetails
  /** Inputs not yet marked, in log order. */
  readonly queue: readonly Arrival[]
  /** What of them is kept elsewhere, by their ids; absent when nothing is. */
  readonly blobs?: Readonly<Record<string, readonly BlobRef[]>>
  readonly calls: readonly Call[]
  /**
   * The last {@link ANSWER_WINDOW} answers, in log order, whether their calls are known or not: one may stand before
   * the call it is for. Nothing else removes any, so an answer commutes with all that its pass of the loop decides.
   */
  readonly answers: readonly Answer[]
  /** Id of the open `span.model_request_start`. */
  readonly request: string | null
  /** The model's last answer: its own stop reason, and how many calls it asked for. */
  readonly answer: {
    readonly reason: string | null
    readonly explanation: string | null
    /** Of a refusal; absent where none is named. */
    readonly category?: string
    readonly calls: number
    /** Of its own request, until the end of that tells the sum. */
    readonly usage?: ModelUsage
  } | null
  /** Failed model requests in a row. */
  readonly failures: number
  readonly retryAfterMs: number
  /** Tool rounds of this turn. */
  readonly rounds: number
  readonly interrupting: boolean
  /** Absent before the first answer; read by {@link contextOf}. */
  readonly context?: ContextState
  /** How the context is kept where the session's own harness does not say; absent unless that was asked for. */
  readonly adopted?: ContextPolicy
  /** Calls given up whose commands may still run. */
  readonly abandoned: readonly string[]
  /** Those of them that the present step's calls were told of, to end them first. */
  readonly told: readonly string[]
  readonly usage: Usage
  /** Absent before any, and in sessions that have no accounting. */
  readonly work?: Work
  readonly accounting?: Accounting
  /** Absent without one, and once it was removed. */
  readonly budget?: Budget
  /** Absent before anything was said, and in sessions that keep no accounts; read by {@link sizeOf}. */
  readonly size?: RequestSize
  /** The turn stopped at the budget, and goes on from there once it may. */
  readonly paused?: true
  /** Whether clients may send system messages; absent in sessions from before they could. */
  readonly takesSystem?: boolean
  /** The calls of the toolset run on machines of the user's: clients settle them. Absent where they run in our sandboxes. */
  readonly selfHosted?: true
  /** When the main hand's sandbox is made; absent, with the first call that needs it. */
  readonly provisioning?: Provisioning
  /** By name, those that have had a sandbox or should have; read by {@link handOf}. Absent before any. */
  readonly hands?: Readonly<Record<string, HandState>>
  /** Ids of the session's resources, in log order; absent before there was any. */
  readonly resources?: readonly string[]
  /** How often they have changed; absent: never. */
  readonly supplies?: number
  readonly title: string | null
  readonly metadata: Readonly<Record<string, string>>
  readonly archived: boolean
  /** The newest one: what a turn that begins now is asked with. */
  readonly configuration: string | null
  /** That of the present turn, or of the last one, where it began with an older one. */
  readonly asking?: string
  /** The last ids of arrivals, oldest first: those that doubles are told by. */
  readonly seen: readonly string[]
}

export const ANSWER_WINDOW = 64

export function initialState(about: Pick<LogState, 'title' | 'metadata' | 'configuration'>): LogState {
  return {
    v: 1,
    status: 'idle',
    phase: 'idle',
    stop: null,
    stopDetails: null,
    queue: [],
    calls: [],
    answers: [],
    request: null,
    answer: null,
    failures: 0,
    retryAfterMs: 0,
    rounds: 0,
    interrupting: false,
    abandoned: [],
    told: [],
    usage: emptyUsage(),
    title: about.title,
    metadata: about.metadata,
    archived: false,
    configuration: about.configuration,
    seen: [],
  }
}

/** Undefined for a hand that has never had a sandbox. A name may be that of anything. */
export function handOf({ hands = {} }: Pick<LogState, 'hands'>, hand: string): HandState | undefined {
  return Object.hasOwn(hands, hand) ? hands[hand] : undefined
}

/** What of a queued input is kept elsewhere. Clients choose ids, so one may be the name of anything. */
export function blobsOf({ blobs = {} }: Pick<LogState, 'blobs'>, id: string): readonly BlobRef[] | undefined {
  return Object.hasOwn(blobs, id) ? blobs[id] : undefined
}

/** The configuration that the model is asked with: a turn keeps the one that it began with. */
export function configurationOf({ asking, configuration }: Pick<LogState, 'asking' | 'configuration'>): string | null {
  return asking ?? configuration
}

export function isWaiting({ standing }: Pick<Call, 'standing'>): boolean {
  return standing === 'asked' || standing === 'custom' || standing === 'remote'
}

/** Whether nothing that is queued asks for a turn: what a client says to the model as its operator waits for a message. */
export function isQueueSilent({ queue, takesSystem }: Pick<LogState, 'queue' | 'takesSystem'>): boolean {
  return queue.every(({ type }) => type === 'system.message' && takesSystem === true)
}

/** Whether there is a turn that an interrupt would end. */
export function isUnderWay(state: LogState): boolean {
  return state.status === 'running' || state.status === 'rescheduling' || isRequiringAction(state)
}

/** Whether the model's last answer, which calls no tool, ends where its window does. */
export function isCutShort({ answer }: Pick<LogState, 'answer'>): boolean {
  return answer?.reason === 'model_context_window_exceeded' && answer.calls === 0
}

/** Idle on calls that only the client can settle. */
export function isRequiringAction(state: LogState): boolean {
  return state.status === 'idle' && state.stop?.type === 'requires_action'
}
