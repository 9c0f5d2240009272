import { createHash } from 'node:crypto'
import type { SandboxRow } from '../bindings.ts'
import type { SandboxKey } from '../sandbox.ts'
import { labels } from './container-spec.ts'
import type { ContainerState, Volume } from './engine.ts'

const volumePrefix = 'volume:'

/**
 * The row of a container; null when it is none of ours. Its id is the reference. The boot id is made of that and the
 * moment of the start: a container that somebody has started again, empty of what it knew of calls, is another sandbox.
 */
export function toRow({ id, startedAt, labels: own }: ContainerState): SandboxRow | null {
  if (own[labels.installation] === undefined) return null
  const bootId = createHash('sha256').update(`${id} ${startedAt}`).digest('hex').slice(0, 16)
  return { ...keyOf(own), provider: 'docker', reference: id, bootId }
}

/** The row of a volume whose container somebody has removed without it. */
export function toRowOfVolume({ name, labels: own }: Volume): SandboxRow {
  return { ...keyOf(own), provider: 'docker', reference: `${volumePrefix}${name}`, bootId: '' }
}

/** What a reference stands for; null for any other text. */
export function parseReference(reference: string): { readonly container: string } | { readonly volume: string } | null {
  if (reference.startsWith(volumePrefix)) return { volume: reference.slice(volumePrefix.length) }
  return /^[0-9a-f]{64}$/.test(reference) ? { container: reference } : null
}

function keyOf(own: Readonly<Record<string, string>>): SandboxKey {
  const hand = own[labels.hand]
  return {
    sessionId: own[labels.session] ?? '',
    ...(hand === undefined ? {} : { hand }),
    generation: Number(own[labels.generation]),
  }
}
