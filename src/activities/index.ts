import type { BlobIndex } from '../session/blobs.ts'
import type { Budget } from '../session/budget.ts'
import type { Entry } from '../session/entry.ts'
import type { Policy } from '../session/policy.ts'
import type { Repeat } from '../session/repeats.ts'
import type { ModelFault } from '../session/settle.ts'
import type { Call } from '../session/state.ts'

/** What every activity whose result belongs to the log answers with: readers take `entries` from history. */
export interface Recorded {
  readonly entries: readonly Entry[]
  /** What of the entries is kept elsewhere. */
  readonly blobs?: BlobIndex
  /** What of the entries stands among them once, and is put back by whoever reads them. */
  readonly repeats?: readonly Repeat[]
  /** Whole milliseconds that the work took in the try that came to an end: what came before it is not charged. */
  readonly ms?: number
}

export interface OpenSession {
  readonly session: string
  readonly workspace: string
  /** An agent body as `POST /v1/agents` takes it; `name` may be missing. */
  readonly agent: unknown
  readonly environment: string | null
  readonly title: string | null
  readonly metadata: Readonly<Record<string, string>>
  readonly budget?: Budget
}

export interface CallModel {
  readonly session: string
  /** Id of the `span.model_request_start` that this call answers. */
  readonly request: string
  readonly harness: string
  /** Of the turn; without it, in calls of earlier versions, the one that the session's row names. */
  readonly configuration?: string
}

export interface ExecuteCall {
  readonly session: string
  readonly call: Pick<Call, 'id' | 'name' | 'input' | 'blobs'>
  readonly abandoned: readonly string[]
  /** As in the command of the core; absent in calls of earlier versions. */
  readonly hand?: string
  readonly known?: number
  readonly supplies?: number
}

/** A session is to have the sandbox of this hand before a call needs it. */
export interface ProvisionHand {
  readonly session: string
  readonly hand: string
  readonly supplies?: number
}

/** What the hands answer. With `elsewhere` they have done nothing: the sandbox is on that host, which takes calls. */
export interface FromHands extends Recorded {
  readonly elsewhere?: string
}

export interface ArchiveRun {
  readonly session: string
  /** The run's number, from 1. */
  readonly run: number
  /** Temporal's id of the run. */
  readonly id: string
}

/**
 * What the session workflow asks of the world. Arguments and results are recorded in history: plain JSON, no secrets,
 * no conversation.
 */
export interface SessionActivities {
  /** Stores the agent of a session that was started by hand and lists it. Not retried when the agent is refused. */
  openSession(input: OpenSession): Promise<Recorded & { readonly agentName: string; readonly policy: Policy }>
  /**
   * One model request. The context is read from the log up to the call's own scheduled event, so every retry sends
   * the same request. Provider errors come back as `fault`: the workflow backs off, visibly.
   */
  callModel(input: CallModel): Promise<Recorded & { readonly fault?: ModelFault }>
  /**
   * A model request that asks for a summary of the conversation, rebuilt like that of `callModel`. An answer without
   * text comes back as both: the end of the request, which was paid for, and a `fault`.
   */
  compact(input: CallModel): Promise<Recorded & { readonly fault?: ModelFault }>
  /** One tool call, idempotent by its id. A tool's failure is a result; only unreachable hands make it fail. */
  execute(input: ExecuteCall): Promise<FromHands>
  /** Invites a worker to a session whose calls run on the user's machines. A session that is gone needs none. */
  queueWork(input: { readonly session: string }): Promise<void>
  /** Makes the hand's sandbox, if it has none. Not retried when what it is to be made of cannot be had. */
  provision(input: ProvisionHand): Promise<FromHands>
  /**
   * Copies what a run has added to the log into the archive. Of a run that is still open it copies what is there: doing
   * it again adds the rest. Not retried when the session was deleted or Temporal has removed the run.
   */
  archiveRun(input: ArchiveRun): Promise<void>
}

/** A step that does nothing, for measuring what a step costs. */
export interface CanaryActivities {
  ping(): Promise<void>
}
