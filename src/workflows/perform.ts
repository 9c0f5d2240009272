import { CancellationScope, isCancellation, proxyActivities, sleep, workflowInfo } from '@temporalio/workflow'
import type { CallModel, ExecuteCall, FromHands, SessionActivities } from '../activities/index.ts'
import type { Command } from '../session/decide.ts'
import { tell } from '../session/endings.ts'
import { putRepeatsBack } from '../session/repeats.ts'
import type { Policy } from '../session/policy.ts'
import type { Input } from '../session/settle.ts'
import { handsOptions, modelCallOptions } from './options.ts'
import { reachHost } from './reach-host.ts'

/** Performs commands, each once, and collects what comes of them. */
export interface Performer {
  /** Starts the commands that are not under way yet. */
  start(commands: readonly Command[]): void
  /** Gives up all that is under way. What had ended before counts and is among the outcomes; the rest is for nobody. */
  cancel(): Promise<void>
  /** What has come of commands since the last call, in the order of history. */
  takeOutcomes(): readonly Input[]
  hasOutcomes(): boolean
  /** Whether something is under way. A sandbox that is made ahead of calls is, too: the run goes on until it is there. */
  isBusy(): boolean
}

/** @param worked is told, as an activity ends, how many milliseconds its work took. */
export function createPerformer(
  policy: Pick<Policy, 'harness' | 'tellsUnknown'>,
  worked: (ms: number) => void,
): Performer {
  const performing = new Map<string, { scope: CancellationScope; ended: Promise<void> }>()
  let outcomes: Input[] = []

  async function follow(command: Command, scope: CancellationScope): Promise<void> {
    try {
      const came = await scope.run(() => perform(command, policy.harness))
      outcomes.push(...came.inputs)
      if (came.ms !== undefined) worked(came.ms)
    } catch (error) {
      if (!isCancellation(error)) outcomes.push(toFailure(command, error, policy))
    } finally {
      performing.delete(command.key)
    }
  }

  return {
    start(commands) {
      for (const command of commands) {
        if (command.do === 'close' || performing.has(command.key)) continue
        const scope = new CancellationScope()
        performing.set(command.key, { scope, ended: follow(command, scope) })
      }
    },
    async cancel() {
      const given = [...performing.values()]
      for (const { scope } of given) scope.cancel()
      await Promise.allSettled(given.map(({ ended }) => ended))
    },
    takeOutcomes() {
      const taken = outcomes
      outcomes = []
      return taken
    },
    hasOutcomes: () => outcomes.length > 0,
    isBusy: () => performing.size > 0,
  }
}

async function perform(command: Command, harness: string): Promise<Came> {
  const { workflowId: session, taskQueue } = workflowInfo()
  switch (command.do) {
    case 'callModel': {
      const { callModel } = proxyActivities<SessionActivities>(modelCallOptions('ask the model'))
      return toCame(await callModel({ session, harness, ...asked(command) }))
    }
    case 'compact': {
      const { compact } = proxyActivities<SessionActivities>(modelCallOptions('ask the model for a summary'))
      return toCame(await compact({ session, harness, ...asked(command) }))
    }
    case 'execute': {
      const { id, name, input, blobs } = command.call
      const kept = blobs ? { blobs } : {}
      const call = { id, name, input, ...kept }
      const ask: Ask = (host) => {
        const { execute } = proxyActivities<SessionActivities>(handsOptions(taskQueue, summarise(name, input), host))
        return execute({ session, call, abandoned: command.abandoned, ...placed(command) })
      }
      return toCame(await reachHost(command.host, ask))
    }
    case 'provision': {
      const ask: Ask = (host) => {
        const { provision } = proxyActivities<SessionActivities>(handsOptions(taskQueue, 'make the sandbox', host))
        return provision({ session, hand: command.hand, ...placed(command) })
      }
      return toCame(await reachHost(undefined, ask))
    }
    case 'backOff':
      await sleep(command.ms, { summary: 'back off before asking the model again' })
      return { inputs: [{ type: 'elapsed' }] }
    case 'close':
      return { inputs: [] }
  }
}

type Ask = (host?: string) => Promise<FromHands>

/** What of a command tells the hands which sandbox is meant, and what it is to have. */
function placed(
  command: Extract<Command, { do: 'execute' | 'provision' }>,
): Pick<ExecuteCall, 'hand' | 'known' | 'supplies'> {
  const { supplies } = command
  const more = supplies === undefined ? {} : { supplies }
  if (command.do === 'provision') return more
  const { hand, known } = command
  return { ...(hand === undefined ? {} : { hand }), ...(known === undefined ? {} : { known }), ...more }
}

function asked({ request, configuration }: Extract<Command, { do: 'callModel' | 'compact' }>): Asked {
  return { request, ...(configuration === null ? {} : { configuration }) }
}

type Asked = Pick<CallModel, 'request' | 'configuration'>

/** What was recorded stands in the log, whether or not the request came to something. */
function toCame(result: Awaited<ReturnType<SessionActivities['compact']>>): Came {
  const { blobs, fault, ms } = result
  const entries = putRepeatsBack(result.entries, result.repeats)
  const recorded: Input = { type: 'recorded', entries, ...(blobs ? { blobs } : {}) }
  const inputs: readonly Input[] = fault ? [recorded, { type: 'model_failed', fault }] : [recorded]
  return { inputs, ...(ms === undefined ? {} : { ms }) }
}

/** What came of a command, and how long its work took, where that is known. */
interface Came {
  readonly inputs: readonly Input[]
  readonly ms?: number
}

/** What is true of every call that nobody has an answer of. */
const UNKNOWN = 'Whether the call had an effect is unknown; it was not run again.'

/** Crash retries are used up, or the worker itself refused: the session goes on and says so. */
function toFailure(command: Command, error: unknown, { tellsUnknown }: Pick<Policy, 'tellsUnknown'>): Input {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
  if (command.do === 'execute') {
    const message = tell(cause, 'hands: the tool call failed')
    return { type: 'call_failed', call: command.call.id, message: tellsUnknown ? `${message}. ${UNKNOWN}` : message }
  }
  if (command.do === 'provision') {
    return { type: 'unprovisioned', hand: command.hand, message: tell(cause, 'hands: no sandbox could be made') }
  }
  const message = tell(cause, 'harness: the model call failed')
  return { type: 'model_failed', fault: { error: 'unknown_error', message, retryable: false } }
}

/** One line for the Web UI, within the 200 bytes that it shows. */
function summarise(name: string, input: unknown): string {
  const text =
    typeof input === 'object' && input !== null ? Object.values(input).find((v) => typeof v === 'string') : ''
  return `${name} ${text?.split('\n')[0] ?? ''}`.trim().slice(0, 100)
}
