import type { SandboxRow } from '../bindings.ts'
import type { Cargo } from '../cargo.ts'
import { resident } from '../exchange.ts'
import { createLanesByName } from '../lanes.ts'
import type { Doors } from '../network.ts'
import { createRunner } from '../runner.ts'
import type { ListedSandbox, Sandbox, SandboxProvider } from '../sandbox.ts'
import type { Limits } from './container-spec.ts'
import { agent, defaultLimits, labels } from './container-spec.ts'
import { createDockerCargo } from './docker-cargo.ts'
import { examineDocker } from './docker-doctor.ts'
import type { ContainerState, Engine } from './engine.ts'
import type { Images } from './images.ts'
import { withoutPackages } from './images.ts'
import { parseReference, toRow, toRowOfVolume } from './identity.ts'
import { doorName, provisionContainer } from './provision.ts'
import { requireRuntime } from './runtimes.ts'
import { endShim } from './shims.ts'
import { isAnswering } from './triage.ts'

export interface DockerOptions {
  readonly engine: Engine
  /** Name or id of an image that the daemon has. */
  readonly image: string
  /** Tells this installation's containers from those of others on the same daemon; letters and digits. */
  readonly installation: string
  readonly limits?: Limits
  /** Makes images with the packages of environments; without it no sandbox has any. */
  readonly images?: Pick<Images, 'ensure'>
  /** Container runtime where an environment asks for none; default: the daemon's own. */
  readonly runtime?: string | undefined
  /** Without it sandboxes have no way to the network. */
  readonly doors?: Doors
  /** What a path here is on the daemon's host; default: the same. */
  readonly toHostPath?: (path: string) => string
  /** Name of the daemon's host. Without it sandboxes are looked for wherever their calls come. */
  readonly host?: () => Promise<string | null>
}

/** Sandboxes in containers without network. They are no descendants of the worker that made them. */
export function createDockerProvider({
  engine,
  image,
  installation,
  limits = defaultLimits,
  images = { ensure: withoutPackages(image) },
  runtime: usual,
  doors,
  toHostPath = (path) => path,
  host = () => Promise.resolve(null),
}: DockerOptions): SandboxProvider {
  const lanes = createLanesByName()
  const label = `${labels.installation}=${installation}`

  async function attach(row: SandboxRow): Promise<Sandbox | null> {
    const inside = await enter(engine, row)
    if (inside === null) return null
    const { id, isAlive } = inside
    const process = { user: agent, folder: '/workspace' }
    return createRunner({
      exec: (argv, options) => engine.exec(id, { argv, ...process, ...options }),
      isAlive,
      bootId: row.bootId,
      lanes: lanes.of(id, () => engine.open(id, { ...resident, ...process })),
    })
  }

  async function cargo(row: SandboxRow): Promise<Cargo | null> {
    const inside = await enter(engine, row)
    if (inside === null || inside.labels[labels.cargo] === undefined) return null
    const { id, isAlive } = inside
    return createDockerCargo({ isAlive, open: (user, argv) => engine.pipe(id, { argv, user, folder: '/' }) })
  }

  async function destroy(row: SandboxRow): Promise<void> {
    const place = parseReference(row.reference)
    if (place === null) return
    if ('volume' in place) return engine.removeVolume(place.volume)
    lanes.close(place.container)
    // First: a container that is left when this is cut off here is still listed, and destroyed again.
    await doors?.close(doorName(row))
    if ((await engine.find(place.container)) === null) await endShim(place.container)
    else await engine.remove(place.container)
  }

  const list: SandboxProvider['list'] = (sessionId) => listSandboxes(engine, label, sessionId)
  const provision: SandboxProvider['provision'] = async (key, recipe) => {
    const runtime = recipe?.runtime ?? usual
    await requireRuntime(engine, runtime)
    const before = recipe?.image
    const isThere = before !== undefined && (await engine.hasImage(before))
    const made = isThere ? before : await images.ensure(recipe ?? {})
    return provisionContainer({ engine, image: made, runtime, installation, limits, doors, toHostPath }, key)
  }
  const doctor: SandboxProvider['doctor'] = (isThorough = false) => {
    const provider = { provision, attach, destroy }
    return examineDocker({ engine, image, runtime: usual, limits, provider, hasDoors: doors !== undefined, isThorough })
  }
  return { kind: 'docker', provision, attach, host, cargo, destroy, list, doctor }
}

/** The container if exactly this one lives; null otherwise. */
async function enter(engine: Engine, row: SandboxRow) {
  const place = parseReference(row.reference)
  if (place === null || 'volume' in place) return null
  const { container: id } = place
  const isSame = (state: ContainerState) => {
    const { sessionId, generation, bootId } = toRow(state) ?? {}
    return sessionId === row.sessionId && generation === row.generation && bootId === row.bootId
  }
  const state = await engine.find(id)
  if (state === null || !isSame(state) || !['running', 'paused'].includes(state.status)) return null
  return { id, labels: state.labels, isAlive: () => isAnswering({ engine, id, isSame }) }
}

async function listSandboxes(engine: Engine, label: string, sessionId?: string): Promise<readonly ListedSandbox[]> {
  const wanted = [label, ...(sessionId === undefined ? [] : [`${labels.session}=${sessionId}`])]
  const [ids, volumes] = await Promise.all([engine.list(...wanted), engine.orphans(...wanted)])
  const listed = volumes.map((volume) => ({ ...toRowOfVolume(volume), since: new Date(volume.createdAt) }))
  // One after the other: of a thousand containers the daemon is to tell beside its other work.
  for (const id of ids) {
    const state = await engine.find(id)
    const row = state && toRow(state)
    if (state && row) listed.push({ ...row, since: new Date(state.createdAt) })
  }
  return listed
}
