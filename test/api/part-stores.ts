import type { PartStores } from '../../src/api/whole.ts'
import type { SessionAgent } from '../../src/wire/types.ts'
import type { MemoryBlobs } from '../support/memory-blobs.ts'
import { createMemoryBlobs } from '../support/memory-blobs.ts'

/** In memory; agents by their configurations, of whatever session. */
export function createPartStores(
  agents: ReadonlyMap<string, SessionAgent> = new Map(),
): PartStores & { readonly blobs: MemoryBlobs } {
  return {
    blobs: createMemoryBlobs(),
    sessions: {
      async configuration(_, id) {
        const agent = agents.get(id)
        return agent ? { agent } : null
      },
    },
  }
}
