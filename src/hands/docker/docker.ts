import type { SandboxRow } from '../bindings.ts'
import { createRunner } from '../runner.ts'
import type { Sandbox, SandboxProvider } from '../sandbox.ts'
import type { Limits } from './container-spec.ts'
import { agent, defaultLimits, labels } from './container-spec.ts'
import { examineDocker } from './docker-doctor.ts'
import type { ContainerState, Engine } from './engine.ts'
import { parseReference, toRow, toRowOfVolume } from './identity.ts'
import { provisionContainer } from './provision.ts'
import { isAnswering } from './triage.ts'

export interface DockerOptions {
  readonly engine: Engine
  /** Name or id of an image that the daemon has. */
  readonly image: string
  /** Tells this installation's containers from those of others on the same daemon; letters and digits. */
  readonly installation: string
  readonly limits?: Limits
}

/** Sandboxes in containers without network. They are no descendants of the worker that made them. */
export function createDockerProvider({
  engine,
  image,
  installation,
  limits = defaultLimits,
}: DockerOptions): SandboxProvider {
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
    return createRunner({
      exec: (argv, options) => engine.exec(id, { argv, user: agent, folder: '/workspace', ...options }),
      isAlive: () => isAnswering({ engine, id, isSame }),
      bootId: row.bootId,
    })
  }

  async function destroy({ reference }: SandboxRow): Promise<void> {
    const place = parseReference(reference)
    if (place === null) return
    await ('volume' in place ? engine.removeVolume(place.volume) : engine.remove(place.container))
  }

  async function list(): Promise<readonly SandboxRow[]> {
    const [ids, volumes] = await Promise.all([engine.list(label), engine.orphans(label)])
    const states = await Promise.all(ids.map((id) => engine.find(id)))
    const rows = states.map((state) => state && toRow(state)).filter((row) => row !== null)
    return [...rows, ...volumes.map(toRowOfVolume)]
  }

  const provision: SandboxProvider['provision'] = (key) =>
    provisionContainer({ engine, image, installation, limits }, key)
  const doctor = () => examineDocker({ engine, image, limits, provider: { provision, attach, destroy } })
  return { kind: 'docker', provision, attach, destroy, list, doctor }
}
