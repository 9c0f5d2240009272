import { setTimeout as sleep } from 'node:timers/promises'
import { DIES_AT, MEANWHILE } from './crash.ts'
import type { Shipment } from './shipment.ts'
import { LOOK, hasUploads, toShipment } from './shipment.ts'
import type { PlainLoop } from './stage.ts'
import { until } from './until.ts'

/** As long as the demo's worker is kept away: two uploads of a second each. */
const DOWN_MS = 2000
const NOTHING: Shipment = { ledger: 0, uploads: [], total: 0 }

/** What became of the demo's task in a plain loop; all of it counted, in its folder and at the model's server. */
export interface PlainRun {
  readonly shipment: Shipment
  readonly modelCalls: number
  /** Messages of the conversation when the loop was killed, and how many of them it knew when it was started again. */
  readonly messages: number
  readonly kept: number
  /** Whether anybody was there to take the message that was sent in between, and whether the model ever got it. */
  readonly isTaken: boolean
  readonly isTold: boolean
  /** The last words of the loop. */
  readonly answer: string
  /** From the first start to the end of the second; how long it was down in between. */
  readonly ms: number
  readonly downMs: number
}

export interface PlainRunOptions {
  readonly loop: PlainLoop
  readonly task: string
  readonly signal: AbortSignal
  /** How long the loop stays down, in ms; 2 s unless told otherwise. */
  readonly downMs?: number | undefined
}

/**
 * Gives the task to a plain loop, kills the loop at the same place in ./ship.sh at which the demo's worker dies, sends
 * the same message meanwhile, and starts the loop again as a person would: with the task. Rejects when it does not come
 * to its end.
 */
export async function runPlainLoop({ loop, task, signal, downMs = DOWN_MS }: PlainRunOptions): Promise<PlainRun> {
  const look = async (): Promise<Shipment> => toShipment(await loop.look(LOOK))
  const began = performance.now()
  loop.start(task)
  const isThere = hasUploads(NOTHING, DIES_AT)
  const first = loop.ended().then(({ printed }) => {
    throw new Error(`it ended before ./ship.sh had come to upload ${DIES_AT}${printed && `: ${printed.trimEnd()}`}`)
  })
  const looking = new AbortController()
  const isMiddle = until(AbortSignal.any([signal, looking.signal]), look, isThere)
  await Promise.race([isMiddle, first]).finally(() => looking.abort())
  loop.kill()
  await first.catch(() => undefined)
  const before = loop.requests()
  const isTaken = await loop.type(MEANWHILE)
  await sleep(downMs, undefined, { signal })

  loop.start(task)
  const { code, printed } = await abortable(loop.ended(), signal)
  const ms = performance.now() - began
  if (code !== 0) throw new Error(`its second start ended with ${code}${printed && `: ${printed.trimEnd()}`}`)
  const requests = loop.requests()
  const known = before.at(-1) ?? []
  const again = requests[before.length] ?? []
  const differs = known.findIndex((message, index) => message !== again[index])
  return {
    shipment: await look(),
    modelCalls: requests.length,
    messages: known.length,
    kept: differs === -1 ? known.length : differs,
    isTaken,
    isTold: requests.flat().some((message) => message.includes(MEANWHILE)),
    answer: printed.trimEnd(),
    ms,
    downMs,
  }
}

function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    void promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
