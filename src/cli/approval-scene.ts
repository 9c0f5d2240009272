import type { Confirmation, ToolUse } from './approval.ts'
import { askApproval } from './approval.ts'
import type { Ask } from './ask-person.ts'
import { describeOutcome, seconds, toCallLine, toLine } from './demo-lines.ts'
import { textOf } from './describe-event.ts'
import type { StreamedEvent } from './follow.ts'
import { followSession } from './follow.ts'
import { describeLedger, lookAtShipment } from './shipment.ts'
import type { Stage } from './stage.ts'
import { until } from './until.ts'

export interface ApprovalSceneOptions {
  readonly stage: Stage
  readonly session: string
  readonly task: string
  readonly ask: Ask
  readonly print: (line: string) => void
  readonly signal: AbortSignal
}

/** What was seen while the session waited for a person. */
export interface Wait {
  /** The call that waited, and the person's word on it. */
  readonly call: string
  readonly confirmation: Confirmation
  /** Id of the event that the word became. */
  readonly event: string
  readonly killed: number
  readonly successor: number
  /** Events of history that the new worker replayed. */
  readonly replayed: number
  /** Lines of the ledger before the person's word, and after it while no worker was alive. */
  readonly ledgerBefore: number
  readonly ledgerAlone: number
}

/** How the session looked to its client. */
export interface ApprovalPlay {
  /** Null when the session never waited. */
  readonly wait: Wait | null
  /** The agent's last message. */
  readonly answer: string
  /** Why the session became idle at the end; null when it ended otherwise. */
  readonly stopReason: string | null
}

/**
 * Gives the session its task and follows it to its end; the worker dies while the session waits for a person's word.
 * Answers an exit code instead when the person leaves without one.
 */
export async function playApproval(options: ApprovalSceneOptions): Promise<ApprovalPlay | number> {
  const { stage, session, task, print, signal } = options
  const { client } = stage
  const { events } = client.beta.sessions
  const stream = await events.stream(session, {}, { signal })
  await events.send(
    session,
    { events: [{ type: 'user.message', content: [{ type: 'text', text: task }] }] },
    { signal },
  )
  const calls = new Map<string, ToolUse>()
  let wait: Wait | null = null
  let answer = ''
  const onCut = (): void => print('the stream ended; reading on')
  for await (const event of followSession({ client, session, stream, signal, onCut })) {
    if (event.type === 'agent.message') print(toLine('agent', (answer = textOf(event.content))))
    else if (event.type === 'agent.tool_use') calls.set(event.id, event)
    else if (event.type === 'agent.tool_result') await showResult(event, { calls, wait }, options)
    else if (event.type === 'session.error') print(toLine('error', event.error.message))
    else if (event.type === 'session.status_terminated') return { wait, answer, stopReason: null }
    if (event.type !== 'session.status_idle') continue
    const call = toAsked(event, calls)
    if (call === undefined || wait !== null) return { wait, answer, stopReason: event.stop_reason.type }
    const waited = await waitForWord(call, options)
    if (typeof waited === 'number') return waited
    wait = waited
  }
  throw new Error('expected the session to end')
}

/** The call that the session waits for; undefined when it rests for another reason. */
function toAsked(
  { stop_reason: stop }: Extract<StreamedEvent, { type: 'session.status_idle' }>,
  calls: ReadonlyMap<string, ToolUse>,
): ToolUse | undefined {
  return stop.type === 'requires_action' ? calls.get(stop.event_ids[0] ?? '') : undefined
}

/** Kills the worker, asks the person, sends their word while there is no worker, and lets another one take over. */
async function waitForWord(call: ToolUse, options: ApprovalSceneOptions): Promise<Wait | number> {
  const { stage, session, ask, print, signal } = options
  print('')
  print('idle    The session waits for you, however long that takes.')
  const killed = stage.killWorker()
  await until(
    signal,
    async () => stage.isWorkerAlive(),
    (alive) => !alive,
  )
  print(`  ✗ kill -9 ${`${killed}`.padEnd(8)} the worker is gone. Nothing runs the agent now.`)
  const before = await look(options)
  print('')
  const decided = await askApproval([call], { ask, print, signal })
  if (typeof decided === 'number') return decided
  const [confirmation] = decided
  if (confirmation === undefined) throw new Error('expected a word on the call')
  const sentAt = performance.now()
  const { data } = await stage.client.beta.sessions.events.send(session, { events: [confirmation] }, { signal })
  const how = `accepted (${(performance.now() - sentAt).toFixed(0)} ms), stored in Temporal, no worker needed`
  print('')
  print(toLine('you', `${describeWord(confirmation)}: ${how}`))
  const alone = await look(options)
  const taken = await takeOver(options)
  const event = data?.[0]?.id ?? ''
  return { call: call.id, confirmation, event, killed, ledgerBefore: before, ledgerAlone: alone, ...taken }
}

/** Lines of the ledger now; told, since it is the trace of a command that ran. */
async function look({ stage, session, print }: ApprovalSceneOptions): Promise<number> {
  const shipment = await lookAtShipment(stage, session)
  print(`    in its sandbox:    ${describeLedger(shipment)}`)
  return shipment.ledger
}

async function takeOver({
  stage,
  session,
  print,
  signal,
}: ApprovalSceneOptions): Promise<Pick<Wait, 'successor' | 'replayed'>> {
  const allowedAt = performance.now()
  const successor = await stage.startWorker()
  const replayed = await until(
    signal,
    () => stage.replayed(session, successor),
    (events) => events !== null,
  )
  const took = seconds(performance.now() - allowedAt)
  print(`  ✓ worker ${`${successor}`.padEnd(9)} took over ${took} after one was let in: ${replayed} events replayed`)
  print('')
  return { successor, replayed: replayed ?? 0 }
}

function describeWord({ result, deny_message: note }: Confirmation): string {
  if (result === 'allow') return 'allowed'
  return note ? 'denied, with a note' : 'denied'
}

async function showResult(
  result: Extract<StreamedEvent, { type: 'agent.tool_result' }>,
  { calls, wait }: { readonly calls: ReadonlyMap<string, ToolUse>; readonly wait: Wait | null },
  { stage, session, print }: ApprovalSceneOptions,
): Promise<void> {
  const call = calls.get(result.tool_use_id)
  if (call === undefined) return
  if (wait?.call !== call.id) return print(toCallLine(call, describeOutcome(call, result)))
  const outcome = wait.confirmation.result === 'deny' ? 'denied' : describeOutcome(call, result)
  print(toCallLine(call, `${outcome} · ${describeLedger(await lookAtShipment(stage, session))}`))
}
