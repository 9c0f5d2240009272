import type { DeltaBatch, DeltaChannel, DeltaPart } from '../deltas.ts'
import type { Notifier } from './notify.ts'
import type { Seal } from './seal.ts'
import { createSeal } from './seal.ts'

const channel = 'longhand_deltas'

/** For connections that only publish deltas: a commit that nobody waits for costs no write to disk. */
export const deltaSettings = { synchronous_commit: 'off' } as const

/**
 * Deltas as notifications. A payload begins with the session's id, so that most readers need not decode the rest.
 * @param key the key of the payload codec, 32 bytes: where the log is encrypted, so is what is shown of it.
 */
export function createDeltaChannel(notifier: Notifier, key?: Uint8Array | null): DeltaChannel {
  const cipher = key ? createSeal(key, 'deltas') : PLAIN
  return {
    publish: ({ session, ...rest }) =>
      notifier.publish(channel, `${session} ${cipher.seal(JSON.stringify(rest), session)}`),
    subscribe: (handler) =>
      notifier.subscribe(channel, (payload) => {
        const end = payload.indexOf(' ')
        const session = payload.slice(0, Math.max(0, end))
        handler(session, () => decode(session, () => cipher.open(payload.slice(end + 1), session)))
      }),
  }
}

/** Null for what no version of ours has written: anyone who may connect to the database may notify. */
function decode(session: string, open: () => string): DeltaBatch | null {
  try {
    const { run, activity, attempt, seq, parts } = JSON.parse(open())
    const isBatch =
      typeof run === 'string' &&
      typeof activity === 'string' &&
      Number.isSafeInteger(attempt) &&
      Number.isSafeInteger(seq) &&
      Array.isArray(parts) &&
      parts.every(isPart)
    return isBatch ? { session, run, activity, attempt, seq, parts } : null
  } catch {
    return null
  }
}

function isPart(part: unknown): part is DeltaPart {
  if (typeof part !== 'object' || part === null || !('type' in part && 'id' in part)) return false
  if (typeof part.id !== 'string') return false
  if (part.type === 'start') return 'of' in part && (part.of === 'agent.message' || part.of === 'agent.thinking')
  if (part.type !== 'text' || !('index' in part && 'text' in part)) return false
  return Number.isSafeInteger(part.index) && Number(part.index) >= 0 && typeof part.text === 'string'
}

const PLAIN: Seal = { seal: (text) => text, open: (text) => text }
