import type { DeltaPart } from '../store/deltas.ts'
import { toJsonPieces } from './json-pieces.ts'

/** Parts of a preview that wait to be sent. */
export interface PreviewBuffer {
  /** At most so many bytes of JSON wait. */
  readonly bytes: number
  /** Fragments that follow each other in one block become one, as long as it fits into a batch; longer ones are cut. */
  add(part: DeltaPart): void
  /** Takes the first parts, as many as a batch holds. */
  takeBatch(): readonly DeltaPart[]
  clear(): void
}

/** What the parts of one batch may measure as JSON, in bytes: encrypted they still fit into a notification. */
export const BATCH_BYTES = 5_600
/** Bytes of a part beside its text: type, id, index and punctuation. */
const PART_BYTES = 100

interface Waiting {
  readonly part: DeltaPart
  readonly bytes: number
}

export function createPreviewBuffer(): PreviewBuffer {
  let waiting: Waiting[] = []
  let total = 0

  function push(one: Waiting): void {
    waiting.push(one)
    total += one.bytes
  }

  return {
    get bytes() {
      return total
    },
    add(part) {
      if (part.type === 'start') return push({ part, bytes: PART_BYTES })
      for (const { text, bytes } of toJsonPieces(part.text, BATCH_BYTES - PART_BYTES)) {
        const piece = { part: { ...part, text }, bytes: bytes + PART_BYTES }
        const last = waiting.at(-1)
        const joined = last && join(last, piece)
        if (!joined) push(piece)
        else {
          waiting[waiting.length - 1] = joined
          total += bytes
        }
      }
    },
    takeBatch() {
      let bytes = 0
      const end = waiting.findIndex((one) => (bytes += one.bytes) > BATCH_BYTES)
      const taken = end === -1 ? waiting : waiting.slice(0, end)
      waiting = end === -1 ? [] : waiting.slice(end)
      total = waiting.reduce((sum, one) => sum + one.bytes, 0)
      return taken.map(({ part }) => part)
    },
    clear() {
      waiting = []
      total = 0
    },
  }
}

/** Null for parts that are not two fragments of one block, or that are too much for one batch. */
function join(last: Waiting, next: Waiting): Waiting | null {
  const bytes = last.bytes + next.bytes - PART_BYTES
  if (last.part.type !== 'text' || next.part.type !== 'text' || bytes > BATCH_BYTES) return null
  if (last.part.id !== next.part.id || last.part.index !== next.part.index) return null
  return { part: { ...last.part, text: last.part.text + next.part.text }, bytes }
}
