import type Anthropic from '@anthropic-ai/sdk'

/** What history itself says of a session, counted without the server's own reader. */
export interface HistoryCount {
  /** Ids of the finished public events, in order, doubles included. */
  readonly events: readonly string[]
  /** Model calls that were made, and how many of them more than once. */
  readonly modelCalls: number
  readonly repeatedModelCalls: number
  /** The attempt that gave each tool call its result, by the id of the call. */
  readonly attempts: ReadonlyMap<string, number>
}

/** A worker's attempt at a tool call. */
export interface Attempt {
  /** Counts from 1. */
  readonly attempt: number
  /** Process of the worker. */
  readonly pid: number
  /** When the worker took it, in ms since 1970 by Temporal's clock. */
  readonly startedAt: number
}

/** A plain agent loop on the same scripted model, which a person starts and a crash ends. */
export interface PlainLoop extends AsyncDisposable {
  /** Starts it on a task, in a folder that stays the same from start to start. Answers its process id. */
  start(task: string): number
  /** Ends the loop alone, with SIGKILL: what it has started goes on, as far as it can without it. */
  kill(): void
  /** Resolves when the loop that was started last has ended: its exit code, null after a signal, and what it printed. */
  ended(): Promise<{ readonly code: number | null; readonly printed: string }>
  /** Types a line at it. False when nobody was there to read it. */
  type(line: string): Promise<boolean>
  /** Runs a command of ours in its folder: what it prints. */
  look(command: string): Promise<string>
  /** The conversations that it has sent to the model's server so far, a text for each message, by that server's record. */
  requests(): readonly (readonly string[])[]
}

/** A repository that opens to one token alone. */
export interface Repository {
  /** As a session names it. */
  readonly url: string
  readonly token: string
  /** Requests that its server got with the token. */
  heard(): number
  /** Commits on its branch. */
  commits(): Promise<number>
}

/** What there is beside the server when the model is the scripted one. */
export interface Scripted {
  /** Null where no git can serve one. */
  readonly repository: Repository | null
  /** Requests that the model's server got from our worker. */
  modelCalls(): number
  readonly plainLoop: PlainLoop
}

/** Where the demo plays: a whole server on a data folder of its own, and ways to look at it from outside. */
export interface Stage extends AsyncDisposable {
  readonly client: Anthropic
  /** The parts that stand, for the first line. */
  readonly parts: readonly string[]
  /** What sandboxes are made of, tried out before the demo began. */
  readonly sandboxKind: string
  /** Null when the model is a real one. */
  readonly scripted: Scripted | null
  /** Where a person finds the session's workflow: a page of Temporal's Web UI, where there is one. */
  watch(session: string): string
  /** Ends the worker with SIGKILL and keeps it from being started again. Answers its process id. */
  killWorker(): number
  isWorkerAlive(): boolean
  /** Lets a worker start again; answers its process id once it serves. */
  startWorker(): Promise<number>
  /** The session's sandbox, or null while there is none, not even one that starts. */
  sandbox(session: string): Promise<{ readonly generation: number; readonly isUp: boolean } | null>
  /** Whether what the session's sandbox has in its workspace was copied since it was last used. */
  isCopied(session: string): Promise<boolean>
  /** Ends the session's sandbox from outside, as a host may at any time. Answers the command that does it. */
  killSandbox(session: string): Promise<string>
  /** Runs a command of ours in the session's sandbox, past any worker: what it prints, or null without a sandbox. */
  look(session: string, command: string): Promise<string | null>
  /** How long the sandbox ran the command of a tool call; null while it runs or when nobody knows. */
  commandSeconds(session: string, call: string): Promise<number | null>
  /** The last attempt at a tool call that a worker has begun; null before the first. */
  attempt(session: string, call: string): Promise<Attempt | null>
  /** Events of history that the given worker replayed when it took the session over; null before it has. */
  replayed(session: string, worker: number): Promise<number | null>
  count(session: string): Promise<HistoryCount>
  /** How many events of the session's raw history hold these words. */
  mentions(session: string, words: string): Promise<number>
}
