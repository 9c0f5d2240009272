import { randomBytes } from 'node:crypto'
import type { Cargo, Staged } from './cargo.ts'
import { CargoRefused, TooLarge } from './cargo.ts'
import { HandsUnavailable } from './hands.ts'
import { putInPlace } from './in-place.ts'
import type { SandboxLedger, WorkspaceExport } from './ledger.ts'
import type { Copy } from './receipt.ts'
import type { Sandbox } from './sandbox.ts'
import type { Stock } from './stock.ts'
import { StockDamaged } from './stock.ts'

export interface RestoreOptions {
  readonly sessionId: string
  readonly hand: string
  /** The generation before. */
  readonly before: number
  readonly sandbox: Sandbox
  /** Null where nothing can be put in. */
  readonly cargo: Cargo | null
  readonly stock: Pick<Stock, 'openCopy'>
  readonly ledger: Pick<SandboxLedger, 'latestExport' | 'callsSince' | 'refused'>
  /** Whether workspaces are copied at all. */
  readonly keepsCopies: boolean
}

/** The model is told of so many calls by name. */
const MOST_NAMES = 10
const REASON_LENGTH = 300
const minute = 60_000
/** A disk may be full for a while; what never fits must not keep a session without hands for ever. */
const PATIENCE_MS = 10 * minute

/** The bytes are not there, though something says that they should be. */
class Missing extends Error {}

/**
 * Puts the newest copy of the workspace into a new sandbox. The answer is the same for all who make it. Rejects with
 * `HandsUnavailable` when the sandbox does not take a copy that there is, for ten minutes: nobody is to work there without
 * it who need not.
 */
export async function restore(options: RestoreOptions): Promise<Copy> {
  const { sessionId, hand, cargo, ledger } = options
  const copy = await ledger.latestExport(sessionId, hand)
  if (copy === null) return nothing(options.keepsCopies ? 'there was no copy' : 'copies are switched off')
  if (copy.content === null) return nothing('it was too large to be copied')
  if (cargo === null) return nothing('its copy cannot be put into this sandbox')
  const maker = randomBytes(8).toString('hex')
  const made = await unpack(options, { maker, copy, cargo })
  // What was unpacked of a copy that turned out to be none is not to be moved.
  return putCopyInPlace(options.sandbox, made.of === 'workspace' ? maker : `no${maker}`, made)
}

function nothing(because: string): Copy {
  return { of: 'nothing', because }
}

interface Opened {
  readonly maker: string
  readonly copy: WorkspaceExport
  readonly cargo: Cargo
}

async function unpack(options: RestoreOptions, opened: Opened): Promise<Copy> {
  const { copy } = opened
  const { generation, at } = copy
  try {
    const { entries, leftOut } = await stage(options.stock, opened)
    const restored = { generation, at: at.toISOString(), entries, bytes: copy.bytes }
    const missing = { leftOut: copy.leftOut + leftOut, ...(copy.isWhole ? {} : { isPartial: true as const }) }
    return { of: 'workspace', restored, ...missing, ...(await callsAround(options, copy)) }
  } catch (error) {
    if (error instanceof Missing) return nothing('its copy is missing in the store')
    if (error instanceof StockDamaged) return nothing('its copy is damaged in the store')
    if (error instanceof TooLarge) return nothing('its copy is too large to be put back')
    if (!(error instanceof CargoRefused)) throw error
    return refuse(options, error)
  }
}

async function refuse({ sessionId, hand, before, ledger }: RestoreOptions, error: CargoRefused): Promise<Copy> {
  const reason = error.message.slice(0, REASON_LENGTH).replace(/[.\s]+$/, '')
  const left = PATIENCE_MS - (await ledger.refused({ sessionId, hand, generation: before }))
  if (left <= 0) return nothing(`its copy cannot be put back: ${reason}`)
  const later = `in ${Math.ceil(left / minute)} minutes a sandbox is made without it`
  throw new HandsUnavailable(`the copy of the workspace cannot be put back (${reason}); ${later}`, { cause: error })
}

/** Tries a second time what is refused: another maker, who was first, may have cleared it away while it was written. */
async function stage(stock: RestoreOptions['stock'], { maker, copy, cargo }: Opened): Promise<Staged> {
  try {
    return await cargo.stage(maker, read(stock, copy))
  } catch (error) {
    if (!(error instanceof CargoRefused)) throw error
    return cargo.stage(maker, read(stock, copy))
  }
}

/** The bytes of a copy, opened when they are asked for. */
async function* read(
  stock: RestoreOptions['stock'],
  copy: WorkspaceExport,
): AsyncGenerator<Uint8Array, void, undefined> {
  const bytes = await stock.openCopy(copy)
  if (bytes === null) throw new Missing(`expected the bytes of ${copy.content}`)
  yield* bytes
}

/** What another maker has put in place is what is there, also for one whose own was cleared away by that. */
async function putCopyInPlace(sandbox: Sandbox, maker: string, copy: Copy): Promise<Copy> {
  // What a copy that is not whole lacks may be in the image.
  const isAll = copy.of === 'workspace' && copy.isPartial !== true && copy.leftOut === 0
  const staged = { id: 'placed', folder: '/workspace', maker, says: copy, isAll }
  const { says, failed } = await putInPlace(sandbox, staged)
  return says.of === 'workspace' ? { ...says, leftOut: says.leftOut + failed } : says
}

/** The last call that the copy knows of, and those that it does not. */
async function callsAround(
  { sessionId, hand, before, ledger }: RestoreOptions,
  { generation: copied, at }: WorkspaceExport,
): Promise<Pick<Extract<Copy, { of: 'workspace' }>, 'after' | 'since'>> {
  const all = await ledger.callsSince({ sessionId, hand, generation: copied, at: null })
  const since = [...(await ledger.callsSince({ sessionId, hand, generation: copied, at }))]
  const later = new Set(since)
  const last = all.findLast((id) => !later.has(id))
  for (let generation = copied + 1; generation <= before; generation++)
    since.push(...(await ledger.callsSince({ sessionId, hand, generation, at: null })))
  return {
    ...(last === undefined ? {} : { after: last }),
    since: { count: since.length, last: since.slice(-MOST_NAMES) },
  }
}
