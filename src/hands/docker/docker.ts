import type { SandboxRow } from '../bindings.ts'
import { resident } from '../exchange.ts'
import { createLanesByName } from '../lanes.ts'
import type { Doors } from '../network.ts'
import { createRunner } from '../runner.ts'
import type { Sandbox, SandboxProvider } from '../sandbox.ts'
import type { Limits } from './container-spec.ts'
import { agent, defaultLimits, labels } from './container-spec.ts'
import { examineDocker } from './docker-doctor.ts'
import type { ContainerState, Engine } from './engine.ts'
import { parseReference, toRow, toRowOfVolume } from './identity.ts'
import { doorName, provisionContainer } from './provision.ts'
import { isAnswering } from './triage.ts'

export interface DockerOptions {
  readonly engine: Engine
  /** Name or id of an image that the daemon has. */
  readonly image: string
  /** Tells this installation's containers from those of others on the same daemon; letters and digits. */
  readonly installation: string
  readonly limits?: Limits
  /** Without it sandboxes have no way to the network. */
  readonly doors?: Doors
}

/** Sandboxes in containers without network. They are no descendants of the worker that made them. */
export function createDockerProvider({
  engine,
  image,
  installation,
  limits = defaultLimits,
  doors,
}: DockerOptions): SandboxProvider {
  const lanes = createLanesByName()
  const label = `${labels.installation}=${installation}`

  async function attach(row: SandboxRow): Promise<Sandbox | null> {
    const place = parseReference(row.reference)
    if (place === null || 'volume' in place) return null
    const { container: id } = place
    const isSame = (state: ContainerState) => {
      const { sessionId, generation, bootId } = toRow(state) ?? {}
      return sessionId === row.sessionId && generation === row.generation && bootId === row.bootId
    }
    const state = await engine.find(id)
    if (state === null || !isSame(state) || !['running', 'paused'].includes(state.status)) return null
    const process = { user: agent, folder: '/workspace' }
    return createRunner({
      exec: (argv, options) => engine.exec(id, { argv, ...process, ...options }),
      isAlive: () => isAnswering({ engine, id, isSame }),
      bootId: row.bootId,
      lanes: lanes.of(id, () => engine.open(id, { ...resident, ...process })),
    })
  }

  async function destroy(row: SandboxRow): Promise<void> {
    const place = parseReference(row.reference)
    if (place === null) return
    if ('volume' in place) return engine.removeVolume(place.volume)
    lanes.close(place.container)
    // First: a container that is left when this is cut off here is still listed, and destroyed again.
    await doors?.close(doorName(row))
    await engine.remove(place.container)
  }

  async function list(): Promise<readonly SandboxRow[]> {
    const [ids, volumes] = await Promise.all([engine.list(label), engine.orphans(label)])
    const states = await Promise.all(ids.map((id) => engine.find(id)))
    const rows = states.map((state) => state && toRow(state)).filter((row) => row !== null)
    return [...rows, ...volumes.map(toRowOfVolume)]
  }

  const provision: SandboxProvider['provision'] = (key) =>
    provisionContainer({ engine, image, installation, limits, doors }, key)
  const doctor = () => examineDocker({ engine, image, limits, provider: { provision, attach, destroy } })
  return { kind: 'docker', provision, attach, destroy, list, doctor }
}
