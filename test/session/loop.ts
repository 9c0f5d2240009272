import type { HistoryItem } from '../../src/history/item.ts'
import type { LogItem } from '../../src/history/project.ts'
import { Projection } from '../../src/history/project.ts'
import type { Budget } from '../../src/session/budget.ts'
import { parseArrivals } from '../../src/session/arrival.ts'
import type { Carried } from '../../src/session/carry.ts'
import { carry, isBetweenSteps } from '../../src/session/carry.ts'
import { advance, decide } from '../../src/session/decide.ts'
import type { Command } from '../../src/session/decide.ts'
import type { Entry } from '../../src/session/entry.ts'
import { Journal } from '../../src/session/journal.ts'
import type { Adoptable, Policy } from '../../src/session/policy.ts'
import { interrupts, nameArrivals, refuses, settle } from '../../src/session/settle.ts'
import type { Input } from '../../src/session/settle.ts'
import { startingState, takesResults } from '../../src/session/start.ts'
import type { LogState } from '../../src/session/state.ts'
import type { ItemBody } from '../support/history-builders.ts'
import { RUN_ID, SESSION } from '../support/history-builders.ts'

/** How an activity ends: with entries, with a fault of the model, or by a failure that no retry helped. */
export type Ended =
  | { readonly how: 'entries'; readonly entries: readonly Entry[] }
  | {
      readonly how: 'fault'
      readonly retryable: boolean
      readonly retryAfterMs?: number
      readonly tooLong?: true
      readonly adoptable?: Adoptable
      readonly fileRefused?: true
      /** What is recorded of the request all the same. */
      readonly entries?: readonly Entry[]
    }
  | { readonly how: 'crash' }

/** An activity that the server knows and that has not ended; `cancelled` once its cancellation was requested. */
export interface Activity {
  /** Number of the run, and the event there. */
  readonly run: number
  readonly scheduled: number
  readonly command: Extract<Command, { do: 'callModel' | 'compact' | 'execute' | 'provision' }>
  readonly cancelled: boolean
}

/**
 * A session's workflow and its server, in memory: the loop of `src/workflows/session.ts` without Temporal, and history
 * as the server would write it. Everything that happens goes through the server; what happens while a task runs is
 * buffered there and stands behind that task's commands.
 */
export interface Loop {
  readonly state: LogState
  /** The histories of all runs, one behind the other. */
  readonly items: readonly HistoryItem[]
  /** The log as readers see it, fed item by item. */
  readonly log: readonly LogItem[]
  /** Of the present run. */
  readonly projection: Projection
  readonly activities: readonly Activity[]
  /** Keys of the commands under way, as the workflow sees it. */
  readonly performing: readonly string[]
  readonly isOver: boolean
  /** Whether there is anything for a next task. */
  readonly hasNews: boolean
  signal(payload: unknown): void
  end(activity: Activity, ended: Ended): void
  /** Lets the back-off end, when there is one. */
  fire(): void
  cancel(): void
  update(input: Input): void
  /** Ends the run from outside. */
  terminate(reason: string): void
  /** One workflow task; what `meanwhile` does is buffered. Answers false when there was nothing to do. */
  work(meanwhile?: () => void): boolean
}

export interface LoopOptions {
  readonly policy: Policy
  readonly input: {
    readonly events?: readonly unknown[]
    readonly title?: string
    readonly budget?: Budget
    readonly configuration?: unknown
  }
  /** Most entries of one history event. */
  readonly flush: number
  /** Events of a run behind which it hands over at the next boundary; null: never. */
  readonly rollsAfter: number | null
  /** Told after a task's own events, before what was buffered meanwhile. */
  readonly committed: (loop: Loop) => void
}

/** What the worker is told with its next task. */
type Note =
  | { readonly type: 'letter'; readonly inputs: readonly Input[] }
  | { readonly type: 'outcome'; readonly scheduled: number; readonly inputs: readonly Input[] }
  | { readonly type: 'fired'; readonly key: string }

interface Worker {
  state: LogState
  /** By key; timers have no scheduled event. */
  readonly performing: Map<string, number | null>
  minted: number
  since: number | null
}

export function createLoop({ policy, input, flush, rollsAfter, committed }: LoopOptions): Loop {
  const items: HistoryItem[] = []
  const log: LogItem[] = []
  let projection = new Projection(SESSION)
  let activities: Activity[] = []
  let notes: Note[] = []
  let buffered: (() => void)[] | null = null
  let worker: Worker = { state: startingState(input), performing: new Map(), minted: 0, since: null }
  let hasWorkers = takesResults(worker.state, input)
  let timer: string | null = null
  let signals = 1
  let eventId = 0
  /** Since the first run began; event ids begin anew with each. */
  let clock = 0
  let isOver = false

  /** Server: what happens now stands in history now, or behind the commands of the task that runs. */
  function happen(event: () => void): void {
    if (isOver) return
    if (buffered) buffered.push(event)
    else event()
  }

  function append(body: ItemBody): number {
    // Between the events of the log stand Temporal's own, and clocks of servers may go back.
    eventId += 1 + (eventId % 3)
    clock += 1 + (clock % 3)
    const at = 1_700_000_000_000 + clock * 100 - (clock % 5) * 150
    const item = { eventId, at, ...body } as HistoryItem
    items.push(item)
    log.push(...projection.take(item))
    return eventId
  }

  function lettersOf(payload: unknown, signal: number): readonly Input[] {
    const parsed = parseArrivals(payload, hasWorkers)
    if (!parsed.ok) return [{ type: 'malformed', reason: parsed.reason }]
    return parsed.events.map((event, index) => ({ type: 'arrived', event, signal, index }))
  }

  function toInputs({ command }: Activity, ended: Ended): readonly Input[] {
    if (ended.how === 'entries') return [{ type: 'recorded', entries: ended.entries }]
    if (command.do === 'execute') return [{ type: 'call_failed', call: command.call.id, message: 'hands: lost' }]
    if (command.do === 'provision') return [{ type: 'unprovisioned', hand: command.hand, message: 'hands: none' }]
    const failed: Extract<Ended, { how: 'fault' }> = ended.how === 'fault' ? ended : { how: 'fault', retryable: false }
    const { how: _, entries = [], ...fault } = failed
    return [
      { type: 'recorded', entries },
      { type: 'model_failed', fault: { error: 'unknown_error', message: 'model: no', ...fault } },
    ]
  }

  /** The workflow's side of one task: a pure function of its state and the notes. */
  function think(taken: readonly Note[]): {
    next: Worker
    entries: readonly Entry[]
    cancels: number[]
    starts: Command[]
    rolls: boolean
  } {
    const next: Worker = { ...worker, performing: new Map(worker.performing) }
    const letters = taken.flatMap((note) => (note.type === 'letter' ? [note.inputs] : []))
    const outcomes = taken.flatMap((note): readonly Input[] => {
      const [key] =
        [...next.performing].find(([id, event]) =>
          note.type === 'fired' ? id === note.key : note.type === 'outcome' && event === note.scheduled,
        ) ?? []
      if (key === undefined || note.type === 'letter') return []
      next.performing.delete(key)
      return note.type === 'fired' ? [{ type: 'elapsed' }] : note.inputs
    })
    const cancels: number[] = []
    if (interrupts(worker.state, letters.flat(), 'sthr_1')) {
      for (const event of next.performing.values()) if (event !== null) cancels.push(event)
      next.performing.clear()
    }
    const now = clock
    const journal = new Journal(worker.state, {
      policy,
      threadId: 'sthr_1',
      agentName: 'tester',
      mint: () => `sevt_w${++next.minted}`,
      worked: () => 3,
      activeSeconds(before) {
        const turn = next.since === null ? 0 : now - next.since
        next.since = null
        return before + turn
      },
    })
    for (const outcome of outcomes) settle(journal, outcome)
    for (const inputs of letters)
      for (const one of inputs) if (refuses(journal.state, one) === null) settle(journal, one)
    nameArrivals(journal)
    const mayEnd = next.performing.size === 0 && rollsAfter !== null && eventId > rollsAfter
    const endsBetweenSteps = mayEnd && isBetweenSteps(journal.state)
    if (endsBetweenSteps) journal.count()
    else advance(journal)
    next.state = journal.state
    if (next.state.status !== 'idle') next.since ??= now
    const rolls = endsBetweenSteps || (mayEnd && next.state.status === 'idle')
    const starts = rolls ? [] : decide(next.state).filter((command) => !next.performing.has(command.key))
    return { next, entries: journal.entries, cancels, starts, rolls }
  }

  function commit({ next, entries, cancels, starts, rolls }: ReturnType<typeof think>): void {
    for (const event of cancels) {
      append({ type: 'cancel_requested', scheduled: event })
      activities = activities.map((activity) =>
        activity.scheduled === event ? { ...activity, cancelled: true } : activity,
      )
    }
    if (timer !== null && !next.performing.has(timer)) timer = null
    for (let from = 0; from < entries.length; from += flush)
      append({ type: 'decided', entries: jsonOf(entries.slice(from, from + flush)) })
    for (const command of starts) {
      if (command.do === 'close') continue
      if (command.do === 'backOff') {
        timer = command.key
        next.performing.set(command.key, null)
        continue
      }
      const event = append({ type: 'scheduled', activityId: `a${eventId}` })
      activities.push({ run: projection.run, scheduled: event, command, cancelled: false })
      next.performing.set(command.key, event)
    }
    worker = next
    if (rolls) return handOver(next)
    if (worker.state.status === 'terminated') {
      append({ type: 'ended', how: 'completed', reason: '' })
      isOver = true
    }
  }

  /** The run ends; what its activities still do is for nobody, and the next one begins with a pass of its own. */
  function handOver({ state, since }: Worker): void {
    const run = projection.run + 1
    append({ type: 'continued', next: `run-${run}` })
    activities = []
    projection = new Projection(SESSION)
    eventId = 0
    signals = 1
    const at = Math.max(...items.map((item) => item.at))
    const carried: Carried = { run, state: carry(state), at, startedAt: 0, unarchived: [], turnSince: since }
    worker = { ...worker, state: carried.state, performing: new Map() }
    hasWorkers = takesResults(carried.state, { carried })
    append({ type: 'started', runId: `run-${run}`, follows: `run-${run - 1}`, input: jsonOf({ carried }) })
    notes.push({ type: 'letter', inputs: [] })
  }

  const loop: Loop = {
    get state() {
      return worker.state
    },
    get activities() {
      return activities
    },
    get performing() {
      return [...worker.performing.keys()]
    },
    get isOver() {
      return isOver
    },
    get hasNews() {
      return notes.length > 0
    },
    items,
    log,
    get projection() {
      return projection
    },
    signal(payload) {
      happen(() => {
        append({ type: 'signaled', payload })
        notes.push({ type: 'letter', inputs: lettersOf(payload, signals++) })
      })
    },
    end(activity, ended) {
      happen(() => {
        const running = activities.find(({ scheduled }) => scheduled === activity.scheduled)
        if (!running) return
        activities = activities.filter((other) => other !== running)
        const { scheduled } = running
        if (ended.how === 'entries') append({ type: 'completed', scheduled, result: { entries: ended.entries } })
        // A fault is a result too; a failed activity leaves nothing that the log is made of.
        if (ended.how === 'fault')
          append({ type: 'completed', scheduled, result: { entries: ended.entries ?? [], fault: {} } })
        notes.push({ type: 'outcome', scheduled, inputs: toInputs(running, ended) })
      })
    },
    fire() {
      happen(() => {
        if (timer === null) return
        notes.push({ type: 'fired', key: timer })
        timer = null
      })
    },
    cancel: () => happen(() => void notes.push({ type: 'letter', inputs: [{ type: 'cancelled' }] })),
    update: (one) => happen(() => void notes.push({ type: 'letter', inputs: [one] })),
    terminate(reason) {
      // It does not wait for a task that runs: that one's commands never come to stand in history.
      for (const event of buffered?.splice(0) ?? []) event()
      if (isOver) return
      append({ type: 'ended', how: 'terminated', reason })
      isOver = true
    },
    work(meanwhile = () => undefined) {
      if (isOver || notes.length === 0) return false
      const taken = notes
      notes = []
      const thought = think(taken)
      const events: (() => void)[] = (buffered = [])
      meanwhile()
      buffered = null
      if (isOver) return true
      // The server does not let a run end while it has news for it: the task is thrown away and done again with them.
      if ((thought.rolls || thought.next.state.status === 'terminated') && events.length > 0) {
        notes = taken
        for (const event of events) event()
        return this.work()
      }
      commit(thought)
      committed(loop)
      for (const event of events) happen(event)
      return true
    },
  }
  append({ type: 'started', runId: RUN_ID, follows: null, input })
  // A run begins with a pass, whether or not anything came.
  notes.push({ type: 'letter', inputs: input.events === undefined ? [] : lettersOf(input, 0) })
  return loop
}

/** What history gives back of what was written. */
function jsonOf(written: unknown): unknown {
  return JSON.parse(JSON.stringify(written)) as unknown
}
