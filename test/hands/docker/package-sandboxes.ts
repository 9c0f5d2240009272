import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Docker from 'dockerode'
import { afterAll, beforeAll } from 'vitest'
import type { Permit } from '../../../src/egress/proxy-options.ts'
import type { Gate } from '../../../src/egress/gate.ts'
import { openGate } from '../../../src/egress/gate.ts'
import { buildLabel } from '../../../src/hands/docker/builder-spec.ts'
import { defaultLimits } from '../../../src/hands/docker/container-spec.ts'
import { createDockerProvider } from '../../../src/hands/docker/docker.ts'
import { createEngine } from '../../../src/hands/docker/dockerode.ts'
import type { Images } from '../../../src/hands/docker/images.ts'
import { createImages } from '../../../src/hands/docker/images.ts'
import type { Doors } from '../../../src/hands/network.ts'
import type { SandboxProvider } from '../../../src/hands/sandbox.ts'
import { permitToInstall } from '../../../src/permits.ts'
import type { Networking } from '../../../src/wire/types.ts'
import { newInstallation } from '../../support/installation.ts'
import { silentLog } from '../../support/silent-log.ts'
import { dialTo, worldAuthority } from '../../egress/test-proxy.ts'
import { PACKAGE_BASE } from './package-base.ts'
import type { Registries } from './registries.ts'
import { startRegistries } from './registries.ts'

export interface PackageSandboxes {
  readonly installation: string
  readonly provider: SandboxProvider
  readonly images: Images
  readonly registries: Registries
  readonly gate: Gate
  /** What a door is opened with for such a network, with the tests' own authority. */
  permit(networking?: Networking): Permit
  /** Names of the containers in which images are made; those that have failed stay for a while. */
  builders(status: 'running' | 'exited'): Promise<readonly string[]>
}

/**
 * Docker sandboxes with packages from the tests' own registries. Everything that was made is destroyed after the file's
 * tests, the images too, and then nothing may be left.
 */
export function usePackageSandboxes(): PackageSandboxes {
  const docker = new Docker()
  const engine = createEngine()
  const installation = newInstallation('images')
  let root = ''
  const made = new Set<string>()
  let parts: Pick<PackageSandboxes, 'registries' | 'gate'> | undefined
  const present = () => {
    if (parts === undefined) throw new Error('expected the tests to have begun')
    return parts
  }
  const permit = (networking?: Networking) => ({
    ...permitToInstall(networking),
    authorities: worldAuthority.certificate,
  })
  const close = (name: string) => present().gate.close(name)
  const builderDoors = {
    open: (name: string, networking?: Networking) => present().gate.open(name, permit(networking)),
    close,
    names: async () =>
      present()
        .gate.names()
        .filter((name) => name.startsWith('build.')),
  }
  const common = { engine, installation, limits: defaultLimits }
  const maker = createImages({ ...common, base: PACKAGE_BASE, doors: builderDoors, log: silentLog })
  const images: Images = {
    ...maker,
    async ensure(recipe) {
      const id = await maker.ensure(recipe)
      if (id !== PACKAGE_BASE) made.add(id)
      return id
    },
  }
  const doors: Doors = { open: (name) => present().gate.open(name, permit()), close }
  const provider = createDockerProvider({ ...common, image: PACKAGE_BASE, images, doors })

  async function builders(status: 'running' | 'exited'): Promise<readonly string[]> {
    const filters = { label: [`${buildLabel}=${installation}`], status: [status] }
    return (await docker.listContainers({ all: true, filters })).flatMap(({ Names }) => Names)
  }

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'longhand-images-'))
    const registries = await startRegistries()
    const dial = dialTo(registries.world)
    const gate = await openGate({ folder: root, dial, trusted: worldAuthority.certificate, log: silentLog })
    parts = { registries, gate }
  })
  afterAll(async () => {
    const { registries, gate } = present()
    for (const row of await provider.list()) await provider.destroy(row)
    await images.end()
    const kept = (await Promise.all([...made].map((id) => engine.removeImage(id)))).filter((isGone) => !isGone)
    const left = [...(await builders('running')), ...(await builders('exited')), ...gate.names()]
    await gate[Symbol.asyncDispose]()
    await registries[Symbol.asyncDispose]()
    await rm(root, { recursive: true, force: true })
    if (left.length + kept.length > 0) throw new Error(`left behind: ${left.join(', ')}, ${kept.length} images`)
  })
  return {
    installation,
    provider,
    images,
    permit,
    builders,
    get registries() {
      return present().registries
    },
    get gate() {
      return present().gate
    },
  }
}
