import type { PublicEntry } from '../session/entry.ts'
import { isPrivate } from '../session/entry.ts'
import type { ArchivedItem } from './archive.ts'
import type { LogItem } from './project.ts'
import { toWire } from './project.ts'

/** A finished item as it is kept; `toLogItem` gives the same item back. */
export function toArchivedItem({ position, at, says, shown, blobs }: LogItem): ArchivedItem {
  const kept = blobs ? { blobs } : {}
  if (says) return { position, at, entry: says, audience: shown ? 'all' : 'model', ...kept }
  // Without its time the wire's event is the entry that it was made of.
  const { processed_at: _, ...entry } = shown ?? {}
  return { position, at, entry: entry as PublicEntry, audience: 'client', ...kept }
}

export function toLogItem({ position, at, entry, audience, blobs }: ArchivedItem): LogItem {
  return {
    position,
    at,
    says: audience === 'client' ? null : entry,
    shown: audience === 'model' || isPrivate(entry) ? null : toWire(entry, at),
    finished: true,
    ...(blobs ? { blobs } : {}),
  }
}
