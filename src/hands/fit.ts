import type { Cargo } from './cargo.ts'
import type { SandboxLedger } from './ledger.ts'
import type { Copy, Ending, Facts } from './receipt.ts'
import type { Recipe, RecipeRepository, RepositoryFault } from './recipe.ts'
import { MAIN, surroundingsOf } from './recipe.ts'
import { restore } from './restore.ts'
import type { Sandbox } from './sandbox.ts'
import type { Stock } from './stock.ts'
import type { Mounted, PutIn } from './supply.ts'
import { notesOf, putOutputsBack, supply } from './supply.ts'

/** Where what is put into sandboxes comes from. */
export interface Stores {
  readonly stock: Stock
  readonly ledger: Pick<SandboxLedger, 'latestExport' | 'callsSince' | 'refused'>
  /** Whether workspaces are copied at all. */
  readonly keepsCopies: boolean
}

/**
 * Clones what is not there yet, once however many makers ask. What cannot be cloned is a fault, never a rejection.
 * @param signal aborts what is under way.
 */
export type Clone = (
  sandbox: Sandbox,
  repositories: readonly RecipeRepository[],
  signal: AbortSignal,
) => Promise<readonly RepositoryFault[]>

/** A new sandbox that nobody works in yet, and what it takes the place of. */
export interface Unfitted {
  readonly sessionId: string
  readonly hand: string
  readonly sandbox: Sandbox
  /** Null where nothing can be put in. */
  readonly cargo: Cargo | null
  readonly image: string | null
  /** Null for a first generation. */
  readonly before: { readonly generation: number; readonly ending: Ending } | null
  /** Null where nothing is asked for. */
  readonly recipe: Recipe | null
  /** The same as it is by now; null as well. */
  readonly read: (() => Promise<Recipe>) | null
  /** Null where nothing is kept. */
  readonly stores: Stores | null
  readonly clone: Clone | null
  readonly signal: AbortSignal
}

const NONE: PutIn = { count: 0, amiss: 0, notes: [] }
const NO_CARGO: PutIn = { count: 0, amiss: 1, notes: ['No files can be put into this sandbox.'] }

/**
 * Puts everything in that a sandbox is to have. Whoever makes the same one beside this puts in the same: files by their
 * contents, a workspace and clones once for all makers. Cut off and made again it goes on.
 */
export async function fit(made: Unfitted): Promise<Facts> {
  const { image, before, recipe } = made
  const copy = before === null ? null : await copyBack(made, before.generation)
  const uploads = await putUploads(made)
  const outputs = before === null ? NONE : await putOutputs(made)
  const { clones, faults } = await cloneAll(made, copy)
  return {
    image,
    supplies: uploads.supplies,
    ...(recipe === null ? {} : surroundingsOf(recipe)),
    before: before === null || copy === null ? null : { ending: before.ending, copy },
    uploads: uploads.count,
    outputs: outputs.count,
    clones,
    faults,
    notes: [...imageNotes(made), ...notesOf(uploads, outputs)],
  }
}

/** A sentence where the sandbox could not be made of the image of the one before. */
function imageNotes({ image, recipe, before }: Unfitted): readonly string[] {
  const wanted = recipe?.image
  if (before === null || image === null || wanted === undefined || wanted === image) return []
  return ['The image of the sandbox before cannot be had here: this one is made of another, whose programs may differ.']
}

async function copyBack(made: Unfitted, before: number): Promise<Copy> {
  const { stores } = made
  return stores === null ? { of: 'nothing', because: 'there was no copy' } : restore({ ...made, ...stores, before })
}

async function putUploads({ cargo, stores, recipe, read, sessionId }: Unfitted): Promise<Mounted> {
  const supplies = recipe?.supplies ?? 0
  // A maker before may have put in what was removed since.
  if (recipe === null || read === null || supplies === 0) return { ...NONE, supplies }
  if (cargo === null || stores === null) return { ...(recipe.files.length === 0 ? NONE : NO_CARGO), supplies }
  return supply({ cargo, stock: stores.stock, sessionId }, read, recipe)
}

async function putOutputs({ cargo, stores, sessionId, hand, sandbox }: Unfitted): Promise<PutIn> {
  if (cargo === null || stores === null) return NONE
  return putOutputsBack({ cargo, stock: stores.stock, sessionId, sandbox }, hand)
}

/** Repositories belong to the main hand. What a copy brought back is there already, and is no clone. */
async function cloneAll(
  { hand, recipe, clone, sandbox, signal }: Unfitted,
  copy: Copy | null,
): Promise<Pick<Facts, 'clones' | 'faults'>> {
  const repositories = hand === MAIN ? (recipe?.repositories ?? []) : []
  if (clone === null || repositories.length === 0) return { clones: [], faults: [] }
  const faults = await clone(sandbox, repositories, signal)
  const failed = new Set(faults.map(({ resource }) => resource))
  const there = repositories.filter(({ resource }) => !failed.has(resource))
  return { clones: copy?.of === 'nothing' ? there.map(({ path }) => path) : [], faults }
}
