import type { Cargo } from './cargo.ts'
import type { SandboxLedger } from './ledger.ts'
import type { Copy, Ending, Facts } from './receipt.ts'
import type { Recipe, RecipeRepository, RepositoryFault } from './recipe.ts'
import { MAIN } from './recipe.ts'
import { restore } from './restore.ts'
import type { Sandbox } from './sandbox.ts'
import type { Stock } from './stock.ts'
import type { PutIn } from './supply.ts'
import { putOutputsBack, supply } from './supply.ts'

/** Where what is put into sandboxes comes from. */
export interface Stores {
  readonly stock: Stock
  readonly ledger: Pick<SandboxLedger, 'latestExport' | 'callsSince'>
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
  /** Null where nothing is kept. */
  readonly stores: Stores | null
  readonly clone: Clone | null
  readonly signal: AbortSignal
}

/** Sentences about files that the model is told; further ones are counted. */
const MOST_NOTES = 20
const NONE: PutIn = { count: 0, notes: [] }
const NO_CARGO: PutIn = { count: 0, notes: ['No files can be put into this sandbox.'] }

/**
 * Puts everything in that a sandbox is to have. Whoever makes the same one beside this puts in the same: files by their
 * contents, a workspace and clones once for all makers. Cut off and made again it goes on.
 */
export async function fit(made: Unfitted): Promise<Facts> {
  const { recipe, image, before } = made
  const copy = before === null ? null : await copyBack(made, before.generation)
  const uploads = await putUploads(made)
  const outputs = before === null ? NONE : await putOutputs(made)
  const { clones, faults } = await cloneAll(made, copy)
  return {
    image,
    supplies: recipe?.supplies ?? 0,
    before: before === null || copy === null ? null : { ending: before.ending, copy },
    uploads: uploads.count,
    outputs: outputs.count,
    clones,
    faults,
    notes: atMost([...uploads.notes, ...outputs.notes]),
  }
}

async function copyBack(made: Unfitted, before: number): Promise<Copy> {
  const { stores } = made
  return stores === null ? { of: 'nothing', because: 'there was no copy' } : restore({ ...made, ...stores, before })
}

async function putUploads({ cargo, stores, recipe, sessionId }: Unfitted): Promise<PutIn> {
  // A maker before may have put in what was removed since.
  if (recipe === null || recipe.supplies === 0) return NONE
  if (cargo === null || stores === null) return recipe.files.length === 0 ? NONE : NO_CARGO
  return supply({ cargo, stock: stores.stock, sessionId }, recipe)
}

async function putOutputs({ cargo, stores, sessionId, hand }: Unfitted): Promise<PutIn> {
  return cargo === null || stores === null ? NONE : putOutputsBack({ cargo, stock: stores.stock, sessionId }, hand)
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

function atMost(notes: readonly string[]): readonly string[] {
  const more = notes.length - MOST_NOTES
  return more > 0 ? [...notes.slice(0, MOST_NOTES), `So it is with ${more} more files.`] : notes
}
