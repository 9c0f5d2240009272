import Docker from 'dockerode'
import { afterAll, beforeAll, expect } from 'vitest'
import type { Limits } from '../../src/hands/docker/container-spec.ts'
import { labels } from '../../src/hands/docker/container-spec.ts'
import { createDockerProvider } from '../../src/hands/docker/docker.ts'
import { createEngine } from '../../src/hands/docker/dockerode.ts'
import type { Engine } from '../../src/hands/docker/engine.ts'
import { DEFAULT_IMAGE } from '../../src/hands/docker/image.ts'
import type { Doors } from '../../src/hands/network.ts'
import type { SandboxProvider } from '../../src/hands/sandbox.ts'
import { newInstallation } from '../support/installation.ts'
import type { TestSandboxes } from './local-sandboxes.ts'
import { openSandbox, startClient } from './local-sandboxes.ts'

export interface DockerSandboxes extends TestSandboxes {
  readonly docker: Docker
  readonly installation: string
  /** One with other limits, for the same installation; through the engine if one is given. */
  withLimits(limits: Limits, engine?: Engine): SandboxProvider
}

/**
 * A provider for an installation of its own; everything it made is destroyed after the file's tests, and then nothing
 * of it may be left on the daemon.
 * @param doors the sandboxes' way to the network, if they are to have one.
 */
export function useDockerSandboxes(doors?: Doors): DockerSandboxes {
  const docker = new Docker()
  const installation = newInstallation('sandboxes')
  const common = { engine: createEngine(), image: DEFAULT_IMAGE, installation, ...(doors ? { doors } : {}) }
  const provider = createDockerProvider(common)
  beforeAll(async () => {
    const broken = (await provider.doctor()).filter(({ ok }) => !ok)
    if (broken.length > 0) throw new Error(`no sandbox is possible here: ${JSON.stringify(broken)}`)
  })
  afterAll(async () => {
    await Promise.all((await provider.list()).map((row) => provider.destroy(row)))
    const filters = { label: [`${labels.installation}=${installation}`] }
    const [containers, { Volumes: volumes }, images] = await Promise.all([
      docker.listContainers({ all: true, filters }),
      docker.listVolumes({ filters: JSON.stringify(filters) }),
      docker.listImages({ all: true, filters: JSON.stringify(filters) }),
    ])
    expect([containers, volumes ?? [], images]).toEqual([[], [], []])
  })
  return {
    docker,
    installation,
    provider,
    open: (sessionId) => openSandbox(provider, sessionId),
    kill: async ({ reference }) => docker.getContainer(reference).kill(),
    startClient: (task) => startClient({ kind: 'docker', installation }, task),
    withLimits: (limits, engine = common.engine) => createDockerProvider({ ...common, limits, engine }),
  }
}
