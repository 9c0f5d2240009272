import type { KnownOutput, OutputPlace, OutputShelf, TakenBytes } from '../../src/hands/collector.ts'
import { hashOf } from './fake-cargo.ts'

/** Files of outputs in memory, by their paths; `taken` has bytes that are nobody's yet. */
export interface FakeShelf extends OutputShelf {
  readonly files: Map<string, string>
  readonly taken: Map<string, string>
  readonly told: { readonly gone: string[]; kept: number }
}

export function createFakeShelf(): FakeShelf {
  const files = new Map<string, string>()
  const taken = new Map<string, string>()
  const known = new Map<string, KnownOutput>()
  const told: FakeShelf['told'] = { gone: [], kept: 0 }
  const nameOf = ({ sessionId, hand }: OutputPlace, path: string): string => `${sessionId} ${hand} ${path}`
  return {
    files,
    taken,
    told,
    known: async (place) =>
      [...known].filter(([name]) => name.startsWith(nameOf(place, ''))).map(([, output]) => output),
    async take(_, source) {
      const chunks: Uint8Array[] = []
      for await (const chunk of source) chunks.push(chunk)
      const bytes = Buffer.concat(chunks)
      const content = `content_${taken.size}_${hashOf(bytes).slice(0, 6)}`
      taken.set(content, bytes.toString())
      return { content, size: bytes.length, sha256: hashOf(bytes) }
    },
    async keep(place, output, { content }: TakenBytes) {
      files.set(output.path, taken.get(content) ?? '')
      taken.delete(content)
      known.set(nameOf(place, output.path), output)
      told.kept++
    },
    drop: async ({ content }) => void taken.delete(content),
    async gone(place, paths) {
      told.gone.push(...paths)
      for (const path of paths) known.delete(nameOf(place, path))
    },
  }
}
