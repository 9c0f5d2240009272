import type { ApprovalPlay, Wait } from './approval-scene.ts'
import { playApproval } from './approval-scene.ts'
import type { Ask } from './ask-person.ts'
import { seconds, toLine } from './demo-lines.ts'
import type { PresentOptions, Show } from './present.ts'
import { announceSession, presentShow } from './present.ts'
import { ensureAgent, ensureEnvironment } from './provisions.ts'
import { lookAtShipment } from './shipment.ts'
import type { HistoryCount } from './stage.ts'
import type { Claim, Verdict } from './verdict.ts'
import { claimsOnEvents, claimsOnModel, listEvents, toVerdict } from './verdict.ts'

const TASK = 'Write slug.sh, then ship it with ship.sh in 2 parts (adds one line to ledger.txt).'

export interface ApprovalDemoOptions extends PresentOptions {
  /** The person at the terminal. */
  readonly ask: Ask
}

/**
 * A session that has to ask before it ships, and loses its worker while it waits for the answer. Answers 0 only if the
 * command ran once when it was allowed and never when it was denied, and not before the word on it. Takes as long as the
 * person does; ends with 130 or 3 when they leave without a word.
 */
export async function runApprovalDemo({ ask, ...options }: ApprovalDemoOptions): Promise<number> {
  const show: Show = (shown) => showApproval(shown, ask)
  return presentShow(options, { model: 'scripted, offline', limitMs: null, show })
}

async function showApproval({ stage, print, signal }: Parameters<Show>[0], ask: Ask): Promise<boolean | number> {
  const { client } = stage
  const began = performance.now()
  const agent = await ensureAgent(client, { asks: ['bash'], signal })
  const environment_id = await ensureEnvironment(client, { signal })
  const session = await announceSession({ stage, print, signal }, { agent, environment_id, title: 'demo --ask' })
  print(toLine('you', TASK))
  const play = await playApproval({ stage, session, task: TASK, ask, print, signal })
  if (typeof play === 'number') {
    print('You left without a word. The session would wait on; it ends with this demo.')
    return play
  }
  const { ledger } = await lookAtShipment(stage, session)
  const listed = await listEvents(client, session)
  const history = await stage.count(session)
  const paid = stage.scripted?.modelCalls() ?? null
  const { ok, summary, problems } = judgeApproval({ ...play, listed, history, ledger, paid })
  print('')
  print(`${ok ? 'PASS' : 'FAIL'}  ${summary} · ${seconds(performance.now() - began)}`)
  for (const problem of problems) print(`      ✗ ${problem}`)
  return ok
}

interface ApprovalEvidence extends ApprovalPlay {
  /** Ids of events in the order of the API's list. */
  readonly listed: readonly string[]
  readonly history: HistoryCount
  /** Lines of the ledger at the end: one for each time that the command ran. */
  readonly ledger: number
  /** Requests that the model's server got from our worker; null where nobody counts them. */
  readonly paid: number | null
}

/** Judges every claim of the demo against what was seen. */
export function judgeApproval(evidence: ApprovalEvidence): Verdict {
  const { wait, stopReason } = evidence
  return toVerdict(evidence, [
    ...claimsOnEvents(evidence),
    ...claimsOnModel(evidence),
    ...(wait === null ? [neverAsked] : claimsOnWait(wait, evidence)),
    [stopReason === 'end_turn', `the session did not end its turn: ${stopReason ?? 'it was terminated'}`],
  ])
}

const neverAsked: Claim = [false, 'the session never waited for a person: the command was not asked for']

function claimsOnWait(wait: Wait, { answer, listed, history, ledger }: ApprovalEvidence): readonly Claim[] {
  const { result, deny_message: note } = wait.confirmation
  const runs = result === 'allow' ? 1 : 0
  return [
    [wait.successor !== wait.killed, 'the worker that took over is the one that was killed'],
    [wait.replayed > 0, 'the new worker did not replay the session'],
    [wait.ledgerBefore === 0, 'the command ran before anybody allowed it'],
    [wait.ledgerAlone === 0, 'the command ran without a worker'],
    [listed.includes(wait.event), 'the word sent without a worker is not in the log'],
    [ledger === runs, `ledger.txt has ${ledger} lines, ${runs} expected: one for each run of the command`],
    [history.attempts.has(wait.call) === (runs === 1), `history has ${runs === 1 ? 'no' : 'a'} run of the command`],
    [runs === 0 || answer.startsWith('Shipped once.'), `the agent did not finish: "${answer}"`],
    [!note || answer.includes(note), `the agent did not hear the note: "${answer}"`],
  ]
}
