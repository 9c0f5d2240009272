import type { Stores } from '../../src/hands/fit.ts'
import type { WorkspaceExport } from '../../src/hands/ledger.ts'
import type { Supply } from '../../src/hands/recipe.ts'
import { placeName } from '../../src/hands/recipe.ts'
import type { KeptOutput, Stock } from '../../src/hands/stock.ts'
import { StockDamaged } from '../../src/hands/stock.ts'
import { hashOf } from './fake-cargo.ts'

/** Bytes in memory: of files by their ids, of copies by their contents. */
interface FakeStock extends Stock {
  readonly files: Map<string, string | Uint8Array>
  readonly copies: Map<string, string | Uint8Array>
  readonly kept: KeptOutput[]
  /** Whose bytes end in an error. */
  readonly damaged: Set<string>
}

function createFakeStock(): FakeStock {
  const files = new Map<string, string | Uint8Array>()
  const copies = new Map<string, string | Uint8Array>()
  const damaged = new Set<string>()
  const kept: KeptOutput[] = []

  function open(all: ReadonlyMap<string, string | Uint8Array>, key: string): AsyncIterable<Uint8Array> | null {
    const text = all.get(key)
    return text === undefined ? null : bytesOf(text, damaged.has(key))
  }

  return {
    files,
    copies,
    kept,
    damaged,
    openFile: async (_, { file }) => open(files, file),
    openCopy: async ({ content }) => open(copies, content ?? ''),
    outputs: async () => kept,
  }
}

async function* bytesOf(text: string | Uint8Array, isDamaged: boolean): AsyncGenerator<Uint8Array, void, undefined> {
  yield Buffer.from(text)
  if (isDamaged) throw new StockDamaged('expected other bytes')
}

/** A call as it was bound. */
interface BoundCall {
  readonly id: string
  readonly generation: number
  readonly at: Date
}

/** Where what is put into sandboxes comes from, in memory. A test says which copies there are, and which calls. */
export interface FakeStores extends Stores {
  readonly stock: FakeStock
  readonly exports: Map<string, WorkspaceExport>
  readonly calls: BoundCall[]
}

export function createFakeStores(keepsCopies = true): FakeStores {
  const exports = new Map<string, WorkspaceExport>()
  const calls: BoundCall[] = []
  return {
    stock: createFakeStock(),
    exports,
    calls,
    keepsCopies,
    ledger: {
      refused: async () => 0,
      latestExport: async (sessionId, hand) => exports.get(placeName({ sessionId, hand })) ?? null,
      callsSince: async ({ generation, at }) =>
        calls.filter((call) => call.generation === generation && (at === null || call.at > at)).map(({ id }) => id),
    },
  }
}

/** A file to be mounted, and its bytes in the stock. */
export function stockFile(stock: FakeStock, name: string, text: string): Supply {
  const file = `file_${name}_${hashOf(Buffer.from(text)).slice(0, 4)}`
  stock.files.set(file, text)
  return {
    resource: `sesrsc_${name}`,
    file,
    path: `/mnt/session/uploads/${name}`,
    size: Buffer.byteLength(text),
    sha256: hashOf(Buffer.from(text)),
  }
}

/** A copy of a workspace with these files, and its bytes in the stock. */
export function stockCopy(
  stock: FakeStock,
  workspace: ReadonlyMap<string, string>,
  more: Partial<WorkspaceExport> = {},
): WorkspaceExport {
  const text = JSON.stringify([...workspace])
  const content = `content_${hashOf(Buffer.from(text)).slice(0, 8)}`
  stock.copies.set(content, text)
  return {
    sessionId: 'sesn_1',
    hand: 'main',
    generation: 1,
    content,
    bytes: Buffer.byteLength(text),
    entries: workspace.size,
    leftOut: 0,
    isWhole: true,
    sha256: hashOf(Buffer.from(text)),
    probe: 'probe',
    at: new Date('2026-01-02T12:00:00.000Z'),
    ...more,
  }
}
