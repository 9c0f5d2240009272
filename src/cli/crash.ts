import { seconds } from './demo-lines.ts'
import { describeLedger, describeUploads, hasUploads, lookAtShipment } from './shipment.ts'
import type { Attempt, Stage } from './stage.ts'
import { until } from './until.ts'

/** What the user says while nobody runs the agent. */
export const MEANWHILE = 'Also print the version.'
/** How far the command has come when what runs the agent dies, and how far it goes on before a successor is let in. */
export const DIES_AT = 2
const SEEN_ALONE = 2

/** What the crash of the worker was seen to do. */
export interface Crash {
  /** The tool call that was running. */
  readonly call: string
  readonly killed: number
  readonly successor: number
  /** Uploads that had begun when the worker was gone, and when it was still gone later. */
  readonly aloneFrom: number
  readonly aloneTo: number
  /** Uploads that had begun when the new worker was seen at work. */
  readonly takenOverAt: number
  /** Id of the message that was accepted while no worker was alive. */
  readonly message: string
  /** The new worker's attempt at the call. */
  readonly attempt: number
  /** Events of history that the new worker replayed. */
  readonly replayed: number
}

export interface CrashOptions {
  readonly stage: Stage
  readonly session: string
  readonly call: string
  readonly print: (line: string) => void
  /** Aborts when the demo takes too long or is ended. */
  readonly signal: AbortSignal
}

/** Kills the worker in the middle of the command, looks on while there is none, and lets another one take over. */
export async function crashWorker(options: CrashOptions): Promise<Crash> {
  const { stage, session, call, print, signal } = options
  const begun = await until(
    signal,
    () => lookAtShipment(stage, session),
    ({ ledger }) => ledger > 0,
  )
  const begunAt = Date.now()
  const before = await until(signal, () => lookAtShipment(stage, session), hasUploads(begun, DIES_AT))
  print(`  bash    ./ship.sh                ${describeLedger(before)} written, uploading ${describeUploads(before, 0)}`)
  print('')

  const killed = stage.killWorker()
  const killedAt = Date.now()
  print(
    `  ✗ kill -9 ${`${killed}`.padEnd(8)} the worker is gone, ${seconds(killedAt - begunAt)} into ./ship.sh. Nothing runs the agent now.`,
  )
  await until(
    signal,
    async () => stage.isWorkerAlive(),
    (alive) => !alive,
  )
  const { aloneFrom, aloneTo, message } = await lookOn(options)

  const allowedAt = Date.now()
  const successor = await stage.startWorker()
  const attempt = await until(signal, () => stage.attempt(session, call), isBy(successor))
  const shipment = await lookAtShipment(stage, session)
  const takenOverAt = shipment.uploads.length
  if (takenOverAt > aloneTo)
    print(`    and on, before a worker took over:                    ${describeUploads(shipment, aloneTo)}`)
  const replayed = await until(
    signal,
    () => stage.replayed(session, successor),
    (events) => events !== null,
  )
  const { modelCalls, repeatedModelCalls } = await stage.count(session)
  const { startedAt } = attempt
  print(
    `  ✓ worker ${`${successor}`.padEnd(9)} took over ${seconds(startedAt - killedAt)} after the kill, ${seconds(startedAt - allowedAt)} after one was let in again:`,
  )
  print(
    `    ${replayed} events replayed · ${repeatedModelCalls} of ${modelCalls} model calls repeated · attempt ${attempt.attempt} at ./ship.sh, ${describeLedger(shipment)}`,
  )
  print('')
  return {
    call,
    killed,
    successor,
    aloneFrom,
    aloneTo,
    takenOverAt,
    message,
    attempt: attempt.attempt,
    replayed: replayed ?? 0,
  }
}

/** Sends a message and watches the command, while no worker is alive. */
async function lookOn({
  stage,
  session,
  print,
  signal,
}: CrashOptions): Promise<Pick<Crash, 'aloneFrom' | 'aloneTo' | 'message'>> {
  const first = await lookAtShipment(stage, session)
  const sentAt = performance.now()
  const { data } = await stage.client.beta.sessions.events.send(
    session,
    { events: [{ type: 'user.message', content: [{ type: 'text', text: MEANWHILE }] }] },
    { signal },
  )
  const ackMs = performance.now() - sentAt
  const aloneFrom = first.uploads.length
  const later = await until(signal, () => lookAtShipment(stage, session), hasUploads(first, aloneFrom + SEEN_ALONE))
  if (stage.isWorkerAlive()) throw new Error('expected no worker while the command went on')
  print(`    the command is still running in its sandbox:          ${describeUploads(later, aloneFrom)}`)
  print(
    `    you, meanwhile: "${MEANWHILE}"             accepted (${ackMs.toFixed(0)} ms): stored in Temporal, no worker needed`,
  )
  return { aloneFrom, aloneTo: later.uploads.length, message: data?.[0]?.id ?? '' }
}

/** Tells attempts by the worker of that process. */
function isBy(pid: number): (attempt: Attempt | null) => attempt is Attempt {
  return (attempt): attempt is Attempt => attempt?.pid === pid
}
