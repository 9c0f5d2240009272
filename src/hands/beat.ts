import { setTimeout as sleep } from 'node:timers/promises'
import type { HostOffer, HostRegistry } from './hosts.ts'

export interface BeatOptions {
  readonly registry: Pick<HostRegistry, 'beat'>
  /** Of the hosts that beat. */
  readonly offers: readonly HostOffer[]
  readonly warn: (details: object, message: string) => void
  /** Aborting it ends the beats. */
  readonly signal: AbortSignal
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>
  /** Milliseconds after which a beat counts as not told. Default 4,000. */
  readonly patienceMs?: number
}

const BEAT_MS = 2_000
const PATIENCE_MS = 4_000

/**
 * Has hosts beat until it is stopped. Rejects when the first beat cannot be told: nobody may make a sandbox on a host that
 * was never heard of. Later ones that cannot be told are left out, and told of once in a row.
 */
export async function startBeating(options: BeatOptions): Promise<void> {
  await options.registry.beat(options.offers)
  void goOn(options)
}

async function goOn(options: BeatOptions): Promise<void> {
  const { registry, offers, warn, signal, pause = rest, patienceMs = PATIENCE_MS } = options
  let isHeard = true
  while (!signal.aborted) {
    await pause(BEAT_MS, signal)
    if (signal.aborted) return
    try {
      // On a connection that is dead without knowing it no answer ever comes; the next beat has another one.
      await within(patienceMs, registry.beat(offers))
      isHeard = true
    } catch (err) {
      if (isHeard) warn({ err }, 'the beat of this host cannot be told; calls go on')
      isHeard = false
    }
  }
}

async function within(ms: number, beat: Promise<void>): Promise<void> {
  const told = new AbortController()
  const late = sleep(ms, undefined, { signal: told.signal }).then(() =>
    Promise.reject(new Error(`no answer in ${ms} ms`)),
  )
  try {
    await Promise.race([beat, late])
  } finally {
    told.abort()
    late.catch(() => undefined)
  }
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}
