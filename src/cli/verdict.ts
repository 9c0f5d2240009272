import type { Crash } from './crash.ts'
import type { Shipment } from './shipment.ts'
import type { HistoryCount, Stage } from './stage.ts'

export interface Verdict {
  readonly ok: boolean
  readonly summary: string
  /** What was claimed and does not hold. */
  readonly problems: readonly string[]
}

/** How the demo's session looked to its client. */
export interface Play {
  readonly crash: Crash | null
  /** The agent's last message. */
  readonly answer: string
  /** Why the session became idle; null when it did not. */
  readonly stopReason: string | null
}

/** A session's events as the API lists them, and as history has them. */
export interface Log {
  /** Ids in the order of the API's list. */
  readonly listed: readonly string[]
  readonly history: HistoryCount
}

export interface Evidence extends Play, Log {
  readonly shipment: Shipment
  readonly commandSeconds: number | null
  /** Requests that the model's server got from our worker; null where nobody counts them. */
  readonly paid: number | null
}

/** A claim: whether it holds, and what to say when it does not. */
export type Claim = readonly [holds: boolean, problem: string]

/** Judges the demo: every claim that it makes, and those of `more` acts behind it, against what was seen. */
export function judge(evidence: Evidence, log: Log = evidence, more: readonly Claim[] = []): Verdict {
  return toVerdict(log, [
    ...claimsOnEvents(log),
    ...claimsOnModel(evidence),
    ...claimsOnCommand(evidence),
    ...claimsOnSession(evidence),
    ...more,
  ])
}

/** The API's list and history in one sentence, and the claims that do not hold. */
export function toVerdict({ listed, history }: Log, claims: readonly Claim[]): Verdict {
  const problems = claims.flatMap(([holds, problem]) => (holds ? [] : [problem]))
  const lost = history.events.filter((id) => !listed.includes(id)).length
  const doubled = listed.length - new Set(listed).size
  const relation = listed.length === history.events.length ? '=' : '≠'
  return {
    ok: problems.length === 0,
    summary: `${listed.length} events in the API ${relation} ${history.events.length} in Temporal's history, ${lost} lost, ${doubled} doubled`,
    problems,
  }
}

/** That the API tells every event of history, once and in its order, and none besides. */
export function claimsOnEvents({ listed, history }: Log): readonly Claim[] {
  const lost = history.events.filter((id) => !listed.includes(id)).length
  const added = listed.filter((id) => !history.events.includes(id)).length
  const isSameOrder = listed.join() === history.events.join()
  return [
    [listed.length > 0, 'the API lists no event'],
    [lost === 0, `${lost} events of history are not in the API`],
    [added === 0, `${added} events of the API are not in history`],
    [listed.length === new Set(listed).size, 'an event stands in the API twice'],
    [isSameOrder || lost + added > 0, 'the API lists the events in another order than history'],
    [history.modelCalls > 0, 'history has no model call'],
  ]
}

/** That no model call was made, or paid, twice. */
export function claimsOnModel({ history, paid }: Pick<Evidence, 'history' | 'paid'>): readonly Claim[] {
  const { modelCalls, repeatedModelCalls } = history
  return [
    [repeatedModelCalls === 0, `${repeatedModelCalls} model calls were made more than once`],
    [paid === null || paid === modelCalls, `the model's server got ${paid} requests for ${modelCalls} model calls`],
  ]
}

function claimsOnCommand({ crash, listed, history, shipment, commandSeconds }: Evidence): readonly Claim[] {
  const { ledger, uploads, total } = shipment
  if (crash === null) return [[false, 'the worker was never killed: ./ship.sh was not called']]
  const isEachOnce = uploads.length === total && uploads.every((upload, index) => upload === index + 1)
  return [
    [listed.includes(crash.message), 'the message sent without a worker is not in the log'],
    [crash.successor !== crash.killed, 'the worker that took over is the one that was killed'],
    [crash.aloneTo > crash.aloneFrom, 'the command was not seen going on without a worker'],
    [crash.attempt > 1, 'the new worker made no second attempt at the call'],
    [history.attempts.get(crash.call) === crash.attempt, 'the call was not settled by the attempt that joined it'],
    [crash.replayed > 0, 'the new worker did not replay the session'],
    [ledger === 1, `ledger.txt has ${ledger} lines: the command did not run exactly once`],
    [isEachOnce, `the uploads were ${uploads.join(', ')} of ${total}, not each once`],
    [commandSeconds !== null, 'the sandbox does not know how long the command ran'],
  ]
}

function claimsOnSession({ answer, stopReason }: Evidence): readonly Claim[] {
  return [
    [stopReason === 'end_turn', `the session did not end its turn: ${stopReason ?? 'it never became idle'}`],
    [/6 tests pass/.test(answer), `the agent did not finish: "${answer}"`],
    [/Version \d/.test(answer), 'the agent did not take up the message sent without a worker'],
  ]
}

/** Collects what can be seen at the end: from the API, from raw history, from inside the sandbox. */
export async function gatherEvidence(
  stage: Stage,
  { session, play, shipment }: { readonly session: string; readonly play: Play; readonly shipment: Shipment },
): Promise<Evidence> {
  const commandSeconds = play.crash && (await stage.commandSeconds(session, play.crash.call))
  const log = await gatherLog(stage, session)
  return { ...play, ...log, shipment, commandSeconds, paid: stage.scripted?.modelCalls() ?? null }
}

/** The session's events of this moment, by the API and by history. */
export async function gatherLog(stage: Stage, session: string): Promise<Log> {
  return { listed: await listEvents(stage.client, session), history: await stage.count(session) }
}

/** Ids of a session's events, in the order of the API's list. */
export async function listEvents(client: Stage['client'], session: string): Promise<readonly string[]> {
  const listed: string[] = []
  for await (const { id } of client.beta.sessions.events.list(session)) listed.push(id)
  return listed
}
