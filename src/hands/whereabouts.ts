import { setTimeout as sleep } from 'node:timers/promises'
import type { SandboxRow } from './bindings.ts'
import { HandsUnavailable } from './hands.ts'
import type { HostRegistry } from './hosts.ts'

export interface WhereaboutsOptions {
  /** Names of the hosts whose sandboxes can be reached from here. */
  readonly own: readonly string[]
  readonly registry: Pick<HostRegistry, 'look'>
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>
}

/** Which host a sandbox is on, as seen from here. */
export interface Whereabouts {
  /**
   * `here`, also where the row names no host: whoever has it finds it. `elsewhere`: on a host that takes calls. `lost`
   * with a host of which nothing is heard.
   * Rejects with `HandsUnavailable` when that cannot be told for half a minute, and with the signal's reason.
   */
  find(row: Pick<SandboxRow, 'host'>, signal: AbortSignal): Promise<'here' | 'elsewhere' | 'lost'>
}

const LOOK_MS = 1_000
/** Longer than a worker that has just begun, or come back to the store, has to beat before it may judge others. */
const LOOKS = 30

export function createWhereabouts({ own, registry, pause = rest }: WhereaboutsOptions): Whereabouts {
  return {
    async find({ host = null }, signal) {
      if (host === null || own.includes(host)) return 'here'
      for (let look = 0; look < LOOKS; look++) {
        const state = await registry.look(host)
        if (state !== 'unknown') return state === 'beating' ? 'elsewhere' : 'lost'
        await pause(LOOK_MS, signal)
      }
      throw new HandsUnavailable(`whether the host ${host} still takes calls cannot be told from here`)
    },
  }
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted())
}
