import { randomBytes } from 'node:crypto'
import type { Cargo } from './cargo.ts'
import { CargoRefused } from './cargo.ts'
import type { SandboxLedger, WorkspaceExport } from './ledger.ts'
import type { Copy } from './receipt.ts'
import type { Sandbox } from './sandbox.ts'
import { SandboxLost } from './sandbox.ts'
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
  readonly ledger: Pick<SandboxLedger, 'latestExport' | 'callsSince'>
  /** Whether workspaces are copied at all. */
  readonly keepsCopies: boolean
}

/** The model is told of so many calls by name. */
const MOST_NAMES = 10

/** Runs once in a sandbox, whoever makes it: moves what one maker has unpacked in place, and what others have away. */
const place = `cd /workspace || exit
failed=0
for entry in ".longhand-$MAKER"/* ".longhand-$MAKER"/.[!.]* ".longhand-$MAKER"/..?*; do
  [ -e "$entry" ] || [ -L "$entry" ] || continue
  mv -f -- "$entry" . 2>/dev/null || failed=$((failed + 1))
done
rm -rf -- .longhand-*
echo "$failed"
cat`

/** Puts the newest copy of the workspace into a new sandbox. The answer is the same for all who make it. */
export async function restore(options: RestoreOptions): Promise<Copy> {
  const { sessionId, hand, cargo, stock, ledger } = options
  const copy = await ledger.latestExport(sessionId, hand)
  if (copy === null) return nothing(options.keepsCopies ? 'there was no copy' : 'copies are switched off')
  if (copy.content === null) return nothing('it was too large to be copied')
  if (cargo === null) return nothing('its copy cannot be put into this sandbox')
  const bytes = await stock.openCopy(copy)
  if (bytes === null) return nothing('its copy is missing in the store')
  const maker = randomBytes(8).toString('hex')
  return putInPlace(options.sandbox, maker, await unpack(options, { maker, copy, cargo, bytes }))
}

function nothing(because: string): Copy {
  return { of: 'nothing', because }
}

interface Opened {
  readonly maker: string
  readonly copy: WorkspaceExport
  readonly cargo: Cargo
  readonly bytes: AsyncIterable<Uint8Array>
}

async function unpack(options: RestoreOptions, { maker, copy, cargo, bytes }: Opened): Promise<Copy> {
  const { generation, at } = copy
  try {
    const { entries, leftOut } = await cargo.stage(maker, bytes)
    const restored = { generation, at: at.toISOString(), entries, bytes: copy.bytes }
    return { of: 'workspace', restored, leftOut, ...(await callsAround(options, copy)) }
  } catch (error) {
    if (error instanceof StockDamaged) return nothing('its copy is damaged in the store')
    if (error instanceof CargoRefused) return nothing(`its copy could not be put back: ${error.message}`)
    throw error
  }
}

/** What another maker has put in place is what is there, also for one whose own was cleared away by that. */
async function putInPlace(sandbox: Sandbox, maker: string, copy: Copy): Promise<Copy> {
  const limits = { timeoutMs: 600_000, capBytes: 64 * 1024 }
  const stdin = Buffer.from(JSON.stringify(copy))
  const { reason, first, output } = await sandbox.run({
    id: 'placed',
    command: place,
    env: { MAKER: maker },
    stdin,
    ...limits,
  })
  if (reason !== 'exit') throw new SandboxLost(`the workspace was not put in place: ${reason}`)
  if (!first) await sandbox.run({ id: `unplaced-${maker}`, command: `rm -rf /workspace/.longhand-${maker}`, ...limits })
  return parsePlaced(Buffer.from(output).toString())
}

/** Nothing of the agent's has run in the sandbox yet: this is what a maker wrote. */
function parsePlaced(text: string): Copy {
  const [failed = '0', ...rest] = text.split('\n')
  const copy = JSON.parse(rest.join('\n')) as Copy
  return copy.of === 'workspace' ? { ...copy, leftOut: copy.leftOut + Number(failed) } : copy
}

/** The last call that the copy knows of, and those that it does not. */
async function callsAround(
  { sessionId, hand, before, ledger }: RestoreOptions,
  { generation: copied, at }: WorkspaceExport,
): Promise<Pick<Extract<Copy, { of: 'workspace' }>, 'after' | 'since'>> {
  const all = await ledger.callsSince({ sessionId, hand, generation: copied, at: null })
  const since = [...(await ledger.callsSince({ sessionId, hand, generation: copied, at }))]
  const last = all.findLast((id) => !since.includes(id))
  for (let generation = copied + 1; generation <= before; generation++)
    since.push(...(await ledger.callsSince({ sessionId, hand, generation, at: null })))
  return {
    ...(last === undefined ? {} : { after: last }),
    since: { count: since.length, last: since.slice(-MOST_NAMES) },
  }
}
