import { createHash } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from './config.ts'
import { keepSecret } from './dev/secret-file.ts'
import { StartError } from './dev/start-error.ts'
import { remedyForImage } from './hands/docker/docker-doctor.ts'
import { createDockerProvider } from './hands/docker/docker.ts'
import { createEngine } from './hands/docker/dockerode.ts'
import { HandsUnavailable } from './hands/hands.ts'
import { createLocalProvider } from './hands/local.ts'
import type { Doors } from './hands/network.ts'
import { createProviderSet } from './hands/provider-set.ts'
import type { SandboxProvider } from './hands/sandbox.ts'

type SandboxSettings = Pick<Config, 'data' | 'sandbox' | 'sandboxImage'>

export interface SandboxKind {
  readonly kind: 'docker' | 'local'
  /** Why it is this one, in words for a person. */
  readonly because: string
}

const probePatience = { shortMs: 2_000, longMs: 2_000 }
const remedyForDaemon = 'Start Docker, give this user access to it, or choose local with --sandbox or LONGHAND_SANDBOX.'

/** What the configuration comes to here: `auto` is docker where a daemon answers within 2 s and has the image. */
export async function chooseSandbox({ sandbox, sandboxImage }: SandboxSettings): Promise<SandboxKind> {
  if (sandbox !== 'auto') return { kind: sandbox, because: 'as configured' }
  try {
    const isThere = await createEngine({ patience: probePatience }).hasImage(sandboxImage)
    if (isThere) return { kind: 'docker', because: 'Docker answers' }
    return { kind: 'local', because: `Docker answers, but has no image ${sandboxImage}` }
  } catch (error) {
    if (!(error instanceof HandsUnavailable)) throw error
    return { kind: 'local', because: 'no Docker daemon answers' }
  }
}

/** The provider that the configuration asks for. Throws `StartError` where Docker is asked for and not to be had. */
export async function createSandboxProvider(settings: SandboxSettings, doors?: Doors): Promise<SandboxProvider> {
  const { kind } = await chooseSandbox(settings)
  if (kind === 'docker') await requireImage(settings)
  return assembleProviders(settings, kind, doors)
}

/**
 * As above, but without a look at whether it can work, which its doctor takes. Without doors it makes sandboxes that
 * have no way to the network.
 */
export async function assembleProviders(
  settings: SandboxSettings,
  kind: SandboxKind['kind'],
  doors?: Doors,
): Promise<SandboxProvider> {
  const way = doors === undefined ? {} : { doors }
  const local = createLocalProvider({ folder: sandboxFolder(settings.data), ...way })
  if (kind === 'docker') return createProviderSet(await createDocker(settings, way), [local])
  const hasDocker = existsSync(installationFile(settings))
  return hasDocker ? createProviderSet(local, [await createDocker(settings, way)]) : local
}

/** Where the local sandboxes of a data folder live. */
export function sandboxFolder(data: string): string {
  return join(data, 'sandboxes')
}

async function createDocker(settings: SandboxSettings, way: { readonly doors?: Doors }): Promise<SandboxProvider> {
  mkdirSync(settings.data, { recursive: true, mode: 0o700 })
  // Random and kept with the data: two servers on one daemon, each with a folder of its own, do not meet.
  const secret = await keepSecret(installationFile(settings), '')
  const installation = createHash('sha256').update(secret).digest('hex').slice(0, 12)
  return createDockerProvider({ engine: createEngine(), image: settings.sandboxImage, installation, ...way })
}

/** Made when Docker is used for the first time: without it there are no containers of this data folder. */
function installationFile({ data }: SandboxSettings): string {
  return join(data, 'docker-installation')
}

async function requireImage({ sandboxImage: image }: SandboxSettings): Promise<void> {
  let isThere: boolean
  try {
    isThere = await createEngine().hasImage(image)
  } catch (cause) {
    if (!(cause instanceof HandsUnavailable)) throw cause
    throw new StartError(`no Docker sandboxes: ${cause.message}`, remedyForDaemon, { cause })
  }
  if (!isThere) throw new StartError(`no Docker sandboxes: the daemon has no image ${image}`, remedyForImage(image))
}
