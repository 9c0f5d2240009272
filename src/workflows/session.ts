import {
  ApplicationFailure,
  CancellationScope,
  allHandlersFinished,
  condition,
  makeContinueAsNewFunc,
  proxyActivities,
  proxySinks,
  workflowInfo,
} from '@temporalio/workflow'
import type { SessionActivities } from '../activities/index.ts'
import { isBetweenSteps, readCarried } from '../session/carry.ts'
import { BUDGET } from '../session/change.ts'
import { advance, decide } from '../session/decide.ts'
import { field } from '../session/field.ts'
import { Journal } from '../session/journal.ts'
import { SESSION_MEMO } from '../session/names.ts'
import type { Policy } from '../session/policy.ts'
import type { Input } from '../session/settle.ts'
import { interrupts, nameArrivals, refuses, settle } from '../session/settle.ts'
import { snapshot } from '../session/snapshot.ts'
import { demandKnown, readConfiguration, startingState, takesResults } from '../session/start.ts'
import type { LogState } from '../session/state.ts'
import { toWireUsage } from '../session/wire-usage.ts'
import type { Letter } from './inbox.ts'
import { openInbox } from './inbox.ts'
import type { SessionInput } from './messages.ts'
import { DEFAULT_WORKSPACE, SESSION_ID, primaryThread } from './messages.ts'
import { mintEventId } from './mint.ts'
import { openSessionOptions } from './options.ts'
import { createPerformer } from './perform.ts'
import { createRecorder } from './record.ts'
import type { Run } from './run.ts'
import { createRun } from './run.ts'
import type { SessionSinks } from './sinks.ts'

const { index } = proxySinks<SessionSinks>()

/**
 * A session: takes letters and outcomes in, lets the core say what they mean, records what it says and performs what
 * it wants. It decides nothing itself. Ends when the session is terminated; until then it waits for ever, and a run that
 * has grown long hands over to the next one between two steps.
 */
export async function session(input?: SessionInput): Promise<void> {
  const { workflowId, continuedFromExecutionRunId } = workflowInfo()
  if (!SESSION_ID.test(workflowId)) {
    throw ApplicationFailure.nonRetryable(`A session's workflow id matches ${SESSION_ID.source}; got ${workflowId}.`)
  }
  const carried = continuedFromExecutionRunId === undefined ? null : readCarried(input)
  let state = carried?.state ?? startingState(input)
  const start = carried || field(input, 'events') === undefined ? undefined : input
  const inbox = openInbox({ start, takesResults: takesResults(state, input) }, () => state)

  const next = await CancellationScope.nonCancellable(async () => {
    const opened = await open(input, state)
    const run = createRun(carried, opened.policy)
    const performer = createPerformer(opened.policy, (ms) => run.work.add(ms))
    const record = createRecorder()
    let outcomes: readonly Input[] = opened.inputs

    /** Takes in what has come and goes on from there; true when the run is to end here instead. */
    async function pass(): Promise<boolean> {
      const letters = inbox.letters.flatMap((letter) => letter.inputs)
      if (interrupts(state, letters, primaryThread(workflowId))) await performer.cancel()

      const journal = new Journal(state, {
        policy: opened.policy,
        agentName: opened.agentName,
        threadId: primaryThread(workflowId),
        mint: mintEventId,
        worked: () => run.work.take(),
        activeSeconds: (sofar) => run.clock.stop(sofar),
      })
      for (const outcome of [...outcomes, ...performer.takeOutcomes()]) settle(journal, outcome)
      for (const letter of inbox.letters.splice(0)) take(journal, letter)
      outcomes = []
      nameArrivals(journal)
      run.staffing.look(journal.state, letters)
      const mayEnd = !performer.isBusy() && run.isDue(journal.state, inbox.signals())
      const endsBetweenSteps = mayEnd && isBetweenSteps(journal.state)
      if (endsBetweenSteps) journal.count()
      else advance(journal)

      state = journal.state
      if (state.status !== 'idle' && !state.accounting) run.clock.start()
      if (journal.entries.length > 0) record(journal.entries, snapshot(state, opened.agentName))
      const usage = toWireUsage(state)
      index.hint({ status: state.status, run: run.number, length: workflowInfo().historyLength, usage })
      if (endsBetweenSteps || (mayEnd && state.status === 'idle')) return true
      performer.start(decide(state))
      run.staffing.start()
      return false
    }

    const hasNews = (): boolean => inbox.letters.length > 0 || performer.hasOutcomes() || outcomes.length > 0
    for (let isFirst = true; state.status !== 'terminated'; isFirst = false) {
      await condition(() => isFirst || hasNews())
      const isOver = await pass()
      // Verdicts given in this task reach their callers before the run ends; what came with them is taken in first.
      if (isOver) await condition(allHandlersFinished)
      if (isOver && !hasNews()) return run.handOver(input, { state, opened })
      if (isFirst) void run.archivist.archive()
    }
    if (opened.policy.run) await finish(run, { hasNews, pass })
    await condition(allHandlersFinished)
    return null
  })
  if (!next) return
  await makeContinueAsNewFunc<typeof session>({ memo: { [SESSION_MEMO]: next.snapshot } })(next.input)
}

interface Passes {
  readonly hasNews: () => boolean
  readonly pass: () => Promise<unknown>
}

/** The run comes into the archive before it ends, again while anything arrives meanwhile. */
async function finish(run: Run, passes: Passes): Promise<void> {
  while (!(await copyWhole(run, passes))) continue
}

/** Copies the run; false when something came meanwhile, which the copy may lack. */
async function copyWhole(run: Run, { hasNews, pass }: Passes): Promise<boolean> {
  const copy = { isOver: false, isWhole: true }
  void run.archivist.finish().then(() => (copy.isOver = true))
  await condition(() => copy.isOver || hasNews())
  while (hasNews()) {
    copy.isWhole = false
    await pass()
    await condition(() => copy.isOver || hasNews())
  }
  return copy.isWhole
}

function take(journal: Journal, letter: Letter): void {
  for (const input of letter.inputs) {
    const refused = refuses(journal.state, input)
    if (refused === null) settle(journal, input)
    letter.answer?.({ refused: refused?.reason ?? null, ...(refused?.code ? { code: refused.code } : {}) })
  }
}

interface Opened {
  readonly policy: Policy
  readonly agentName: string
  readonly inputs: readonly Input[]
}

/** The API has stored what it starts a session with; for one started by hand the first activity does so. */
async function open(input: SessionInput | undefined, state: LogState): Promise<Opened> {
  demandKnown(input)
  const configuration = readConfiguration(input)
  if (configuration === undefined) return refuse('the configuration has no id, agentName and policy')
  if (configuration) return { ...configuration, inputs: [] }
  const budget = field(input, 'budget') ?? null
  if (budget !== null && !state.budget) return refuse(`budget: expected ${BUDGET}`)
  try {
    const { openSession } = proxyActivities<SessionActivities>(openSessionOptions)
    const { entries, policy, agentName } = await openSession({
      session: workflowInfo().workflowId,
      workspace: input?.workspace ?? DEFAULT_WORKSPACE,
      agent: input?.agent ?? null,
      environment: input?.environment ?? null,
      title: state.title,
      metadata: state.metadata,
      ...(state.budget ? { budget: state.budget } : {}),
    })
    return { policy, agentName, inputs: [{ type: 'recorded', entries }] }
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
    return refuse(cause)
  }
}

function refuse(why: string): Opened {
  return { policy: UNOPENED, agentName: '', inputs: [{ type: 'failed', message: `client: ${why}` }] }
}

/** What an agent that could not be stored runs on: nothing. */
const UNOPENED: Policy = { harness: '', tries: 0, baseMs: 0, capMs: 0, toolRounds: 0, steering: 'step' }
