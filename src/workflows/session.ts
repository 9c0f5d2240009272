import {
  ApplicationFailure,
  CancellationScope,
  allHandlersFinished,
  condition,
  proxyActivities,
  proxySinks,
  workflowInfo,
} from '@temporalio/workflow'
import type { SessionActivities } from '../activities/index.ts'
import { advance, decide } from '../session/decide.ts'
import { Journal } from '../session/journal.ts'
import type { Policy } from '../session/policy.ts'
import type { Input } from '../session/settle.ts'
import { interrupts, refuses, settle } from '../session/settle.ts'
import { snapshot } from '../session/snapshot.ts'
import { field, readConfiguration, startingState } from '../session/start.ts'
import type { LogState } from '../session/state.ts'
import { now } from '../wire/clock.ts'
import type { Letter } from './inbox.ts'
import { openInbox } from './inbox.ts'
import type { SessionInput } from './messages.ts'
import { DEFAULT_WORKSPACE, SESSION_ID, primaryThread } from './messages.ts'
import { mintEventId } from './mint.ts'
import { openSessionOptions } from './options.ts'
import { createPerformer } from './perform.ts'
import { createRecorder } from './record.ts'
import type { SessionSinks } from './sinks.ts'

/** Past these a run is due to be rolled over. */
const LARGE_EVENTS = 1000
const LARGE_BYTES = 2 * 1024 * 1024

const { index } = proxySinks<SessionSinks>()

/**
 * A session: takes letters and outcomes in, lets the core say what they mean, records what it says and performs what
 * it wants. It decides nothing itself. Ends when the session is terminated; until then it waits for ever.
 */
export async function session(input?: SessionInput): Promise<void> {
  const { workflowId } = workflowInfo()
  if (!SESSION_ID.test(workflowId)) {
    throw ApplicationFailure.nonRetryable(`A session's workflow id matches ${SESSION_ID.source}; got ${workflowId}.`)
  }
  let state = startingState(input)
  const inbox = openInbox(field(input, 'events') === undefined ? undefined : input, () => state)

  await CancellationScope.nonCancellable(async () => {
    const opened = await open(input, state)
    const clock = createTurnClock()
    const performer = createPerformer(opened.policy.harness)
    const record = createRecorder()
    let outcomes: readonly Input[] = opened.inputs

    while (state.status !== 'terminated') {
      await condition(() => inbox.length > 0 || performer.hasOutcomes() || outcomes.length > 0)
      if (
        interrupts(
          state,
          inbox.flatMap((letter) => letter.inputs),
        )
      )
        await performer.cancel()

      const journal = new Journal(state, {
        policy: opened.policy,
        agentName: opened.agentName,
        threadId: primaryThread(workflowId),
        mint: mintEventId,
        activeSeconds: (sofar) => clock.stop(sofar),
      })
      for (const outcome of [...outcomes, ...performer.takeOutcomes()]) settle(journal, outcome)
      for (const letter of inbox.splice(0)) take(journal, letter)
      outcomes = []
      advance(journal)

      state = journal.state
      if (state.status !== 'idle') clock.start()
      if (journal.entries.length > 0) record(journal.entries, snapshot(state, opened.agentName))
      performer.start(decide(state))
      report(state)
    }
    await condition(allHandlersFinished)
  })
}

function take(journal: Journal, letter: Letter): void {
  for (const input of letter.inputs) {
    const refused = refuses(journal.state, input)
    if (refused === null) settle(journal, input)
    letter.answer?.({ refused })
  }
}

interface Opened {
  readonly policy: Policy
  readonly agentName: string
  readonly inputs: readonly Input[]
}

/** The API has stored what it starts a session with; for one started by hand the first activity does so. */
async function open(input: SessionInput | undefined, state: LogState): Promise<Opened> {
  const configuration = readConfiguration(input)
  if (configuration === undefined) return refuse('the configuration has no id, agentName and policy')
  if (configuration) return { ...configuration, inputs: [] }
  try {
    const { openSession } = proxyActivities<SessionActivities>(openSessionOptions)
    const { entries, policy, agentName } = await openSession({
      session: workflowInfo().workflowId,
      workspace: input?.workspace ?? DEFAULT_WORKSPACE,
      agent: input?.agent ?? null,
      environment: input?.environment ?? null,
      title: state.title,
      metadata: state.metadata,
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

/** Running time of turns: from the pass that leaves the session running to the idle group. */
function createTurnClock(): { start(): void; stop(sofar: number): number } {
  let since: number | null = null
  return {
    start() {
      since ??= now()
    },
    stop(sofar) {
      const turn = since === null ? 0 : now() - since
      since = null
      return Math.round(sofar * 1000 + turn) / 1000
    },
  }
}

function report(state: LogState): void {
  const { historyLength, historySize } = workflowInfo()
  index.hint(state.status, historyLength)
  if (historyLength > LARGE_EVENTS || historySize > LARGE_BYTES) index.large(historyLength, historySize)
}
