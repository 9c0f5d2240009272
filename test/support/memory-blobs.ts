import type { BlobStore } from '../../src/history/blobs.ts'

/** Blobs in memory; `blobs` lets a test look at them, take some away or damage them. */
export interface MemoryBlobs extends BlobStore {
  /** By session, then by key. */
  readonly blobs: Map<string, Map<string, Uint8Array>>
}

export function createMemoryBlobs(): MemoryBlobs {
  const blobs = new Map<string, Map<string, Uint8Array>>()
  return {
    blobs,
    async put(session, sha256, bytes) {
      if (bytes.length > 64 * 1024 * 1024) throw new RangeError('expected a blob of at most 64 MiB')
      const own = blobs.get(session) ?? new Map<string, Uint8Array>()
      blobs.set(session, own.set(sha256, Buffer.from(bytes)))
    },
    get: async (session, sha256, most) => blobs.get(session)?.get(sha256)?.subarray(0, most) ?? null,
    has: async (session, sha256) => blobs.get(session)?.has(sha256) ?? false,
    list: async (session) => [...(blobs.get(session)?.keys() ?? [])],
    sessions: async () => [...blobs.keys()],
    async clear(session) {
      blobs.delete(session)
    },
  }
}
