import { randomBytes } from 'node:crypto'
import type { Cargo } from './cargo.ts'
import { CargoRefused } from './cargo.ts'
import { putInPlace } from './in-place.ts'
import type { Recipe, Supply } from './recipe.ts'
import type { Sandbox } from './sandbox.ts'
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
const OUTPUTS = '/mnt/session/outputs'

/** Sentences about files that the model is told; further ones are counted. */
const MOST_NOTES = 20
const REASON_LENGTH = 300

/** What came of putting files in. */
export interface PutIn {
  readonly count: number
  /** Those that could not be had. */
  readonly amiss: number
  /** A sentence for each of these, but for twenty at most. */
  readonly notes: readonly string[]
}

/** The sentences of all of these, as many as the model is told. */
export function notesOf(...all: readonly PutIn[]): readonly string[] {
  const notes = all.flatMap((one) => one.notes).slice(0, MOST_NOTES)
  const more = all.reduce((sum, { amiss }) => sum + amiss, 0) - notes.length
  return more > 0 ? [...notes, `So it is with ${more} more files.`] : notes
}

/** What was put in, and of which recipe. */
export interface Mounted extends PutIn {
  /** As the recipe's. */
  readonly supplies: number
}

/**
 * Makes the mounted files of a sandbox those of the recipe. A second maker finds what the first one did.
 * @param read the recipe of this moment: what somebody has mounted by a newer one than ours must not be taken away.
 * @param known one of before, which will do where nothing is mounted.
 */
export async function supply(
  { cargo, stock, sessionId }: SupplyOptions,
  read: () => Promise<Recipe>,
  known?: Recipe,
): Promise<Mounted> {
  const present = new Map((await cargo.mounted()).map(({ path, sha256 }) => [path, sha256]))
  const { files, supplies } = known !== undefined && present.size === 0 ? known : await read()
  const wanted = new Set(files.map(({ path }) => path))
  for (const path of present.keys()) if (!wanted.has(path)) await cargo.unmount(path)
  const putIn = await putAllIn(files, async (file) => {
    if (present.get(file.path) === file.sha256) return
    await cargo.mount({ ...file, source: () => readFile(stock, sessionId, file) })
  })
  return { ...putIn, supplies }
}

/**
 * Puts back what earlier sandboxes of the hand had among their outputs, once however many make the sandbox: one that comes
 * late must not put it over what a call has written since. The answer is the same for all of them.
 */
export async function putOutputsBack(
  { cargo, stock, sessionId, sandbox }: SupplyOptions & { readonly stock: Stock; readonly sandbox: Sandbox },
  hand: string,
): Promise<PutIn> {
  const maker = randomBytes(8).toString('hex')
  const outputs = await stock.outputs(sessionId, hand)
  const staged = await putAllIn(outputs, ({ path, size, ...file }) =>
    cargo.putOutput({ path: stagedPath(path, maker), size, source: () => readFile(stock, sessionId, file) }),
  )
  const { says } = await putInPlace(sandbox, { id: 'placed-outputs', folder: OUTPUTS, maker, says: staged })
  return says
}

function stagedPath(path: string, maker: string): string {
  return `${OUTPUTS}/.longhand-${maker}${path.slice(OUTPUTS.length)}`
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
  return { count: files.length - notes.length, amiss: notes.length, notes: notes.slice(0, MOST_NOTES) }
}

/** A path may be as long as the kernel takes. */
function shorten(path: string): string {
  return path.length > PATH_LENGTH ? `…${path.slice(-PATH_LENGTH)}` : path
}

/** Why a file cannot be had in this sandbox. Whatever else went wrong may go well later, and is thrown again. */
function reasonOf(error: unknown): string {
  if (error instanceof Missing || error instanceof StockDamaged) return 'its bytes are missing or damaged in the store'
  if (error instanceof CargoRefused) return error.message.slice(0, REASON_LENGTH).replace(/[.\s]+$/, '')
  throw error
}

/** The bytes of a file, opened when they are asked for. Ends in an error when there are none. */
async function* readFile(
  stock: Pick<Stock, 'openFile'>,
  sessionId: string,
  file: Pick<Supply, 'file' | 'sha256'>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const bytes = await stock.openFile(sessionId, file)
  if (bytes === null) throw new Missing(`expected the bytes of ${file.file}`)
  yield* bytes
}
