import { createDockerProvider } from '../../src/hands/docker/docker.ts'
import { createEngine } from '../../src/hands/docker/dockerode.ts'
import { DEFAULT_IMAGE } from '../../src/hands/docker/image.ts'
import { createLocalProvider } from '../../src/hands/local.ts'
import type { Doors } from '../../src/hands/network.ts'
import type { SandboxProvider } from '../../src/hands/sandbox.ts'
import type { SandboxKind } from '../support/docker.ts'

interface ProviderPlace {
  /** Of local sandboxes. */
  readonly folder: string
  /** What containers are known by. */
  readonly installation: string
  readonly doors: Doors
}

/** A provider of sandboxes that have a way to the network. */
export function providerOf(kind: SandboxKind, { folder, installation, doors }: ProviderPlace): SandboxProvider {
  if (kind === 'local') return createLocalProvider({ folder, doors })
  return createDockerProvider({ engine: createEngine(), image: DEFAULT_IMAGE, installation, doors })
}
