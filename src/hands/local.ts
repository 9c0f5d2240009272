import { randomBytes } from 'node:crypto'
import { sandboxAccount } from './account.ts'
import type { SandboxRow } from './bindings.ts'
import { createNamespaceExec, openNamespaceLine, startBubblewrap } from './bubblewrap.ts'
import type { GenerationFolders } from './generation-folder.ts'
import { createGenerationFolders, parseReference } from './generation-folder.ts'
import { HandsUnavailable } from './hands.ts'
import { examineLocal } from './local-doctor.ts'
import { createLanesByName } from './lanes.ts'
import type { Doors } from './network.ts'
import { createRunner } from './runner.ts'
import type { Sandbox, SandboxKey, SandboxProvider } from './sandbox.ts'
import { endProcess, isEnterable } from './sandbox-process.ts'

export interface LocalOptions {
  /** Absolute; made when needed, closed to others, and left to this provider alone. */
  readonly folder: string
  /** Without it sandboxes have no way to the network. */
  readonly doors?: Doors
}

/**
 * Sandboxes of bubblewrap on this machine: one long-lived set of namespaces per generation, entered for each process.
 * It is no descendant of the worker that made it and lives on when that dies. Its files are in `folder`, its processes
 * belong to the caller, or to a number of their own under root.
 *
 * Stopping a whole control group (systemd's `KillMode=control-group`) reaches sandboxes too.
 */
export function createLocalProvider({ folder, doors }: LocalOptions): SandboxProvider {
  const folders = createGenerationFolders(folder)
  const account = sandboxAccount()
  const lanes = createLanesByName()

  async function start({ sessionId, generation }: SandboxKey): Promise<SandboxRow> {
    const bootId = randomBytes(8).toString('hex')
    const row = parseReference(`${sessionId}.${generation}.${bootId}`)
    if (row === null) throw new Error(`expected a session id of letters, digits, _ and -, got ${sessionId}`)
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

  async function provision(key: SandboxKey): Promise<SandboxRow> {
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
    throw new HandsUnavailable(
      `generation ${key.generation} of ${key.sessionId} is being replaced by others all the time`,
    )
  }

  async function attach({ reference, bootId }: SandboxRow): Promise<Sandbox | null> {
    const identity = parseReference(reference)?.bootId === bootId ? await folders.identity(reference) : null
    if (identity === null || !(await isEnterable(identity))) return null
    const inside = { pid: identity.pid, account, door: await folders.doorOf(reference) }
    return createRunner({
      exec: createNamespaceExec(inside),
      isAlive: () => isEnterable(identity),
      bootId,
      lanes: lanes.of(reference, async () => openNamespaceLine(inside)),
    })
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

  const list = () => folders.list()
  return { kind: 'local', provision, attach, destroy, list, doctor: () => examineLocal({ provision, attach, destroy }) }
}

async function isAlive(folders: GenerationFolders, reference: string): Promise<boolean> {
  const identity = await folders.identity(reference)
  return identity !== null && isEnterable(identity)
}
