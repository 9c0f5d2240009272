import type { Cargo } from './cargo.ts'
import { CargoRefused } from './cargo.ts'
import type { Recipe, Supply } from './recipe.ts'
import type { Stock } from './stock.ts'
import { StockDamaged } from './stock.ts'

/** The bytes are not there, though something says that they should be. */
class Missing extends Error {}

export interface SupplyOptions {
  readonly cargo: Cargo
  readonly stock: Pick<Stock, 'openFile'>
  readonly sessionId: string
}

/** Of a path, characters that the model is shown. */
const PATH_LENGTH = 200

/** What came of putting files in; `notes` has a sentence for each that could not be had. */
export interface PutIn {
  readonly count: number
  readonly notes: readonly string[]
}

/** Makes the mounted files of a sandbox those of the recipe. A second maker finds what the first one did. */
export async function supply({ cargo, stock, sessionId }: SupplyOptions, { files }: Recipe): Promise<PutIn> {
  const present = new Map((await cargo.mounted()).map(({ path, sha256 }) => [path, sha256]))
  const wanted = new Set(files.map(({ path }) => path))
  for (const path of present.keys()) if (!wanted.has(path)) await cargo.unmount(path)
  return putAllIn(files, async (file) => {
    if (present.get(file.path) === file.sha256) return
    await cargo.mount({ ...file, source: () => read(stock, sessionId, file) })
  })
}

/** Puts back what earlier sandboxes of the hand had among their outputs. */
export async function putOutputsBack(
  { cargo, stock, sessionId }: SupplyOptions & { readonly stock: Stock },
  hand: string,
): Promise<PutIn> {
  const outputs = await stock.outputs(sessionId, hand)
  return putAllIn(outputs, ({ path, size, ...file }) =>
    cargo.putOutput({ path, size, source: () => read(stock, sessionId, file) }),
  )
}

async function putAllIn<F extends { readonly path: string }>(
  files: readonly F[],
  put: (file: F) => Promise<void>,
): Promise<PutIn> {
  const notes: string[] = []
  for (const file of files) {
    try {
      await put(file)
    } catch (error) {
      notes.push(`${shorten(file.path)} is not there: ${reasonOf(error)}.`)
    }
  }
  return { count: files.length - notes.length, notes }
}

/** A path may be as long as the kernel takes. */
function shorten(path: string): string {
  return path.length > PATH_LENGTH ? `…${path.slice(-PATH_LENGTH)}` : path
}

/** Why a file cannot be had in this sandbox. Whatever else went wrong may go well later, and is thrown again. */
function reasonOf(error: unknown): string {
  if (error instanceof Missing || error instanceof StockDamaged) return 'its bytes are missing or damaged in the store'
  if (error instanceof CargoRefused) return error.message.replace(/[.\s]+$/, '')
  throw error
}

/** The bytes of a file, opened when they are asked for. Ends in an error when there are none. */
async function* read(
  stock: Pick<Stock, 'openFile'>,
  sessionId: string,
  file: Pick<Supply, 'file' | 'sha256'>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const bytes = await stock.openFile(sessionId, file)
  if (bytes === null) throw new Missing(`expected the bytes of ${file.file}`)
  yield* bytes
}
