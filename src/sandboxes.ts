import { createHash } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Config } from './config.ts'
import { keepSecret } from './dev/secret-file.ts'
import { StartError } from './dev/start-error.ts'
import type { HostDoors } from './doors.ts'
import { defaultLimits } from './hands/docker/container-spec.ts'
import { remedyForImage } from './hands/docker/docker-doctor.ts'
import { createDockerProvider } from './hands/docker/docker.ts'
import { createEngine } from './hands/docker/dockerode.ts'
import type { Engine } from './hands/docker/engine.ts'
import type { Images } from './hands/docker/images.ts'
import { createImages } from './hands/docker/images.ts'
import { HandsUnavailable } from './hands/hands.ts'
import type { HostOffer } from './hands/hosts.ts'
import { createLocalProvider } from './hands/local.ts'
import type { Doors } from './hands/network.ts'
import { createProviderSet } from './hands/provider-set.ts'
import type { SandboxProvider } from './hands/sandbox.ts'
import { nameDockerHost, nameLocalHost } from './host-name.ts'
import { createLog } from './log.ts'

type SandboxSettings = Pick<Config, 'data' | 'sandbox' | 'sandboxImage' | 'host'> &
  Partial<Pick<Config, 'sandboxRuntime' | 'dockerData'>>
/** Those of sandboxes and, with them, those of makers of images. */
type Ways = Doors & Partial<Pick<HostDoors, 'builders'>>

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
export async function createSandboxProvider(settings: SandboxSettings, doors?: Ways): Promise<SandboxProvider> {
  return (await openSandboxes(settings, doors)).provider
}

/** What a worker of the hands serves. */
export interface Sandboxes {
  readonly provider: SandboxProvider
  /** Of every host whose sandboxes can be reached from here now, those too on which no new ones are made. */
  readonly offers: readonly HostOffer[]
  /** Of this host's Docker; null where there is none in use. */
  readonly images: Images | null
}

/**
 * As above, with the names of the hosts.
 * @param engine of Docker sandboxes; the daemon of this machine if none is given.
 */
export async function openSandboxes(settings: SandboxSettings, doors?: Ways, engine?: Engine): Promise<Sandboxes> {
  const { kind, because } = await chooseSandbox(settings)
  if (kind === 'docker') await requireImage(settings)
  else if (settings.sandbox === 'auto')
    createLog('sandboxes').warn(
      { because },
      'sandboxes are local ones as long as this process lives: they limit the memory of each process alone, and no CPU; LONGHAND_SANDBOX=docker demands Docker',
    )
  const members = await createMembers(settings, kind, { doors, engine })
  const docker = members.others.find((other) => other.kind === 'docker')
  const others = docker === undefined || (await hasDaemon(engine)) ? members.others : []
  const offers = await toOffers({ ...members, others })
  return { provider: toProvider(members), offers, images: members.images }
}

/** Sandboxes of a daemon that is away for good are lost with their host, which nobody hears of any more. */
async function hasDaemon(engine = createEngine({ patience: probePatience })): Promise<boolean> {
  try {
    await engine.info()
    return true
  } catch (error) {
    if (!(error instanceof HandsUnavailable)) throw error
    return false
  }
}

/**
 * The provider without a look at whether it can work, which its doctor takes. Without doors it makes sandboxes that
 * have no way to the network.
 */
export async function assembleProviders(
  settings: SandboxSettings,
  kind: SandboxKind['kind'],
  doors?: Ways,
): Promise<SandboxProvider> {
  return toProvider(await createMembers(settings, kind, { doors }))
}

/** Ends what makes images for this data folder; where the daemon is away it ends by itself within minutes. */
export async function endBuilders(settings: SandboxSettings, doors: Ways): Promise<void> {
  if (!existsSync(installationFile(settings))) return
  const { images } = await createDocker(settings, { doors })
  await images.end().catch((error: unknown) => {
    if (!(error instanceof HandsUnavailable)) throw error
  })
}

/** The provider that makes sandboxes, and those that look after what they have made. */
interface Members {
  readonly chosen: SandboxProvider
  readonly others: readonly SandboxProvider[]
  readonly images: Images | null
}

/** What sandboxes are made with, where it is not the usual or nothing. */
interface Means {
  readonly doors?: Ways | undefined
  readonly engine?: Engine | undefined
}

async function createMembers(settings: SandboxSettings, kind: SandboxKind['kind'], means: Means): Promise<Members> {
  const { doors } = means
  const way = doors === undefined ? {} : { doors }
  const folder = sandboxFolder(settings.data)
  const local = createLocalProvider({ folder, ...way, host: async () => settings.host ?? nameLocalHost(folder) })
  const hasDocker = kind === 'docker' || existsSync(installationFile(settings))
  if (!hasDocker) return { chosen: local, others: [], images: null }
  const { provider, images } = await createDocker(settings, means)
  return kind === 'docker'
    ? { chosen: provider, others: [local], images }
    : { chosen: local, others: [provider], images }
}

function toProvider({ chosen, others }: Members): SandboxProvider {
  return others.length === 0 ? chosen : createProviderSet(chosen, others)
}

async function toOffers({ chosen, others }: Members): Promise<readonly HostOffer[]> {
  const runtimes = chosen.kind === 'docker' ? (await createEngine().info()).runtimes : []
  const offers = [chosen, ...others].map(async (member) => {
    const host = await member.host()
    const can = member === chosen ? { packages: chosen.kind === 'docker', runtimes } : { packages: false, runtimes: [] }
    return host === null ? [] : [{ host, provider: member.kind, ...can }]
  })
  return (await Promise.all(offers)).flat()
}

/** Where the local sandboxes of a data folder live. */
export function sandboxFolder(data: string): string {
  return join(data, 'sandboxes')
}

interface DockerParts {
  readonly provider: SandboxProvider
  readonly images: Images
}

async function createDocker(
  settings: SandboxSettings,
  { doors, engine = createEngine() }: Means,
): Promise<DockerParts> {
  mkdirSync(settings.data, { recursive: true, mode: 0o700 })
  // Random and kept with the data: two servers on one daemon, each with a folder of its own, do not meet.
  const secret = await keepSecret(installationFile(settings), '')
  const installation = createHash('sha256').update(secret).digest('hex').slice(0, 12)
  const brief = createEngine({ patience: probePatience })
  let name = settings.host ?? null
  const host = async (): Promise<string | null> =>
    (name ??= await nameDockerHost(brief, join(settings.data, 'docker-host')))
  const { sandboxImage: image, sandboxRuntime: runtime, data, dockerData = data } = settings
  const toHostPath = (path: string): string => join(dockerData, relative(data, path))
  const common = { engine, installation, limits: defaultLimits, toHostPath }
  const images = createImages({ ...common, base: image, doors: doors?.builders, log: createLog('images') })
  const provider = createDockerProvider({ ...common, image, images, runtime, host, ...(doors && { doors }) })
  return { provider, images }
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
