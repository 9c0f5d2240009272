import { randomBytes } from 'node:crypto'
import { formatId } from './ids.ts'
import type { Id, IdPrefix } from './ids.ts'

/** A new id from the system's clock and random source; never in workflow code, which has to repeat itself. */
export function mintId<P extends IdPrefix>(prefix: P): Id<P> {
  return formatId(prefix, Math.floor(Date.now() / 1000), randomBytes(12))
}
