import { randomBytes } from 'node:crypto'
import type { Account } from './account.ts'
import { sandboxAccount } from './account.ts'
import type { SandboxRow } from './bindings.ts'
import {
  createNamespaceExec,
  isAnswering,
  openNamespaceLine,
  openNamespacePipe,
  startBubblewrap,
} from './bubblewrap.ts'
import type { GenerationFolders } from './generation-folder.ts'
import { createGenerationFolders, parseReference } from './generation-folder.ts'
import { HandsUnavailable } from './hands.ts'
import { examineLocal } from './local-doctor.ts'
import type { LanesByName } from './lanes.ts'
import { createLanesByName } from './lanes.ts'
import { createLocalCargo } from './local-cargo.ts'
import type { Doors } from './network.ts'
import type { Recipe } from './recipe.ts'
import { placeName, RecipeFailed } from './recipe.ts'
import { createRunner } from './runner.ts'
import type { SandboxKey, SandboxProvider } from './sandbox.ts'
import { endProcess, isEnterable } from './sandbox-process.ts'

export interface LocalOptions {
  /** Absolute; made when needed, closed to others, and left to this provider alone. */
  readonly folder: string
  /** Without it sandboxes have no way to the network. */
  readonly doors?: Doors
  /** Name of this host. Without it sandboxes are looked for wherever their calls come. */
  readonly host?: () => Promise<string | null>
}

/**
 * Sandboxes of bubblewrap on this machine: one long-lived set of namespaces per generation, entered for each process.
 * It is no descendant of the worker that made it and lives on when that dies. Its files are in `folder`, its processes
 * belong to the caller, or to a number of their own under root.
 *
 * Stopping a whole control group (systemd's `KillMode=control-group`) reaches sandboxes too.
 */
export function createLocalProvider({
  folder,
  doors,
  host = () => Promise.resolve(null),
}: LocalOptions): SandboxProvider {
  const folders = createGenerationFolders(folder)
  const account = sandboxAccount()
  const lanes = createLanesByName()
  const { attach, cargo } = createWays({ folders, account, lanes })

  async function start(key: SandboxKey): Promise<SandboxRow> {
    const { sessionId, generation } = key
    const bootId = randomBytes(8).toString('hex')
    const row = parseReference(`${placeName(key)}.${generation}.${bootId}`)
    if (row === null) throw new Error(`expected a session id of letters, digits and _, got ${sessionId}`)
    try {
      await folders.prepare(row.reference, account)
      const door = (await doors?.open(row.reference, sessionId)) ?? null
      if (door !== null) await folders.keepDoor(row.reference, door)
      await startBubblewrap({ folder: folders.pathOf(row.reference), bootId, account, door })
      await folders.record(row.reference)
      return row
    } catch (error) {
      await destroy(row)
      throw error
    }
  }

  async function provision(key: SandboxKey, recipe?: Recipe): Promise<SandboxRow> {
    refuseImages(recipe)
    // Whoever publishes first wins; a loser finds the winner's on its next round.
    for (let round = 0; round < 3; round++) {
      const reference = await folders.published(key)
      const present = reference === null ? null : parseReference(reference)
      if (present !== null && (await isAlive(folders, present.reference))) return present
      if (present !== null) await destroy(present)
      const made = await start(key)
      if (await folders.publish(made)) return made
      await destroy(made)
    }
    throw new HandsUnavailable(`generation ${key.generation} of ${key.sessionId} is replaced by others all the time`)
  }

  async function destroy({ reference }: SandboxRow): Promise<void> {
    const row = parseReference(reference)
    if (row === null) return
    lanes.close(reference)
    // First: what is left when this is cut off here is still listed, and destroyed again.
    await doors?.close(reference)
    const identity = (await folders.identity(reference)) ?? (await folders.unfinished(reference))
    if (identity !== null) await endProcess(identity)
    await folders.remove(row)
  }

  const provider = { provision, attach, destroy }
  const hasDoors = doors !== undefined
  return {
    kind: 'local',
    ...provider,
    host,
    cargo,
    list: (sessionId) => folders.list(sessionId),
    doctor: (isThorough = false) => examineLocal({ provider, hasDoors, isThorough }),
  }
}

/** Sandboxes have what the machine has. */
function refuseImages({ packages, runtime }: Pick<Recipe, 'packages' | 'runtime'> = {}): void {
  const { type: _, ...lists } = packages ?? { type: 'packages' }
  const asked = Object.values(lists).some((names) => names.length > 0) ? 'packages' : runtime && `runtime ${runtime}`
  if (asked === undefined) return
  throw new RecipeFailed(`${asked} of the environment: that needs Docker sandboxes, and this host makes local ones`)
}

interface Ways {
  readonly folders: GenerationFolders
  readonly account: Account
  readonly lanes: LanesByName
}

/** The ways into sandboxes that live. */
function createWays({ folders, account, lanes }: Ways): Pick<SandboxProvider, 'attach' | 'cargo'> {
  /** What processes are started with in exactly this sandbox; null when it is gone. */
  async function enter({ reference, bootId }: SandboxRow) {
    const identity = parseReference(reference)?.bootId === bootId ? await folders.identity(reference) : null
    if (identity === null || !(await isEnterable(identity))) return null
    const door = await folders.doorOf(reference)
    const inside = { pid: identity.pid, account, door }
    return { ...inside, isAlive: () => isAnswering(inside, () => isEnterable(identity)) }
  }

  return {
    async attach(row) {
      const inside = await enter(row)
      if (inside === null) return null
      return createRunner({
        exec: createNamespaceExec(inside),
        isAlive: inside.isAlive,
        bootId: row.bootId,
        lanes: lanes.of(row.reference, async () => openNamespaceLine(inside)),
      })
    },

    async cargo(row) {
      const inside = await enter(row)
      if (inside === null || !(await folders.takesCargo(row.reference))) return null
      const folder = folders.pathOf(row.reference)
      return createLocalCargo({
        folder,
        open: async (argv) => openNamespacePipe(inside, argv),
        isAlive: inside.isAlive,
      })
    },
  }
}

async function isAlive(folders: GenerationFolders, reference: string): Promise<boolean> {
  const identity = await folders.identity(reference)
  return identity !== null && isEnterable(identity)
}
