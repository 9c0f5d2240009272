import type { Incoming } from '../../src/session/arrival.ts'
import type { Policy } from '../../src/session/policy.ts'
import { leaveOutRepeats } from '../../src/session/repeats.ts'
import type { ModelFault } from '../../src/session/settle.ts'
import type { SessionInput } from '../../src/workflows/messages.ts'
import type { AnswerParts } from '../support/session-builders.ts'
import { answerEntries, message, resultEntry, summaryEntries } from '../support/session-builders.ts'
import type { RigSession } from './rig.ts'

/** A life of a session that is kept as a history, for the workflows of all later versions to replay. */
export interface Recording {
  readonly name: string
  readonly input: SessionInput
  /** How many runs it takes, where it takes several: each has a history of its own. */
  readonly runs?: number
  readonly play: (session: RigSession) => Promise<unknown>
}

export const policy: Policy = { harness: 'h1', tries: 3, baseMs: 5, capMs: 20, toolRounds: 50, steering: 'step' }
export const configuration = { id: 'cfg_1', agentName: 'tester', policy }

/** Of sessions that are told when nobody knows what came of a call. */
export const telling = { ...configuration, policy: { ...policy, tellsUnknown: true as const } }

/** Runs that end at the first boundary behind a turn. */
export const shortRuns = { ...configuration, policy: { ...policy, run: { events: 12, signals: 100, bytes: 2 ** 21 } } }

export const tooLong: ModelFault = {
  error: 'model_request_failed_error',
  message: 'model: prompt is too long',
  retryable: false,
  tooLong: true,
}

export const overloaded: ModelFault = { error: 'model_overloaded_error', message: 'model: overloaded', retryable: true }

export function send(session: RigSession, ...events: readonly Incoming[]): Promise<void> {
  return session.signal({ events, by: 'key_1' })
}

/** Ends the model request that the session waits for; `ms` is how long it says that it took. */
export async function answer(
  session: RigSession,
  parts: Omit<AnswerParts, 'request'> = {},
  ms?: number,
): Promise<boolean> {
  const { request } = await session.settle()
  if (request === null) throw new Error('expected a session that asks its model')
  const { elements: entries, ...repeated } = leaveOutRepeats(answerEntries({ request, ...parts }))
  return (await session.begun(request)).complete({ entries, ...repeated, ...tookOf(ms) })
}

/** Ends the model request with calls that it asks for, each with how it is permitted, and waits for what comes of them. */
export async function ask(session: RigSession, ...calls: NonNullable<AnswerParts['calls']>): Promise<void> {
  await answer(session, { calls })
  await session.settle()
}

/** The same in a session whose calls run on the user's machines. */
export async function askRemote(session: RigSession, ...calls: NonNullable<AnswerParts['calls']>): Promise<void> {
  await answer(session, { selfHosted: true, calls })
  await session.settle()
}

/** Ends the model request without an answer. */
export async function fault(session: RigSession, of: ModelFault): Promise<boolean> {
  const { request } = await session.settle()
  return (await session.begun(request ?? '')).complete({ entries: [], fault: of })
}

/** Ends the request for a summary. */
export async function summary(session: RigSession): Promise<boolean> {
  const { request } = await session.settle()
  if (request === null) throw new Error('expected a session that asks for a summary')
  return (await session.begun(request)).complete({ entries: summaryEntries({ request }) })
}

/** Ends a tool call with an output. */
export async function output(session: RigSession, call: string, ms?: number): Promise<boolean> {
  return (await session.begun(call)).complete({ entries: [resultEntry(call)], ...tookOf(ms) })
}

function tookOf(ms: number | undefined): { readonly ms?: number } {
  return ms === undefined ? {} : { ms }
}

const asked = {
  text: 'Let me look.',
  calls: [
    ['sevt_a', 'allow'],
    ['sevt_b', 'allow'],
  ],
} satisfies Omit<AnswerParts, 'request'>

/** A turn with two parallel calls under way. */
export async function callTwo(session: RigSession): Promise<void> {
  await send(session, message('sevt_1', 'Do two things.'))
  await answer(session, asked)
  await session.settle()
}
