import Docker from 'dockerode'
import { afterAll, beforeAll, expect } from 'vitest'
import type { Limits } from '../../src/hands/docker/container-spec.ts'
import { labels } from '../../src/hands/docker/container-spec.ts'
import { createDockerProvider } from '../../src/hands/docker/docker.ts'
import { createEngine } from '../../src/hands/docker/dockerode.ts'
import { DEFAULT_IMAGE } from '../../src/hands/docker/image.ts'
import type { SandboxProvider } from '../../src/hands/sandbox.ts'
import type { TestSandboxes } from './local-sandboxes.ts'
import { openSandbox, startClient } from './local-sandboxes.ts'

export interface DockerSandboxes extends TestSandboxes {
  readonly docker: Docker
  readonly installation: string
  /** One with other limits, for the same installation. */
  withLimits(limits: Limits): SandboxProvider
}

let installations = 0

/**
 * A provider for an installation of its own; everything it made is destroyed after the file's tests, and then nothing
 * of it may be left on the daemon.
 */
export function useDockerSandboxes(): DockerSandboxes {
  const docker = new Docker()
  const installation = `test${process.pid}x${++installations}`
  const common = { engine: createEngine(), image: DEFAULT_IMAGE, installation }
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
    withLimits: (limits) => createDockerProvider({ ...common, limits }),
  }
}
