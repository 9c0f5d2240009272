import { doorVariables, doorway, forwarder } from '../network.ts'
import { MAIN } from '../recipe.ts'
import type { SandboxKey } from '../sandbox.ts'
import type { ContainerSpec } from './engine.ts'
import { seccompProfile } from './seccomp.ts'

/** What one sandbox may use; bytes where nothing else is said. */
export interface Limits {
  readonly memory: number
  readonly cpus: number
  readonly pids: number
  readonly openFiles: number
  /** Of a single file, in /workspace too, whose sum is limited by the host's disk alone. */
  readonly file: number
  /** These three and /dev/shm are kept in memory: together they must be at most half of it. */
  readonly tmp: number
  readonly home: number
  /** The folder in which the runner keeps claims and outputs: a quarter of what is left is there for one long output. */
  readonly runner: number
  readonly shm: number
}

const MiB = 1024 * 1024
export const defaultLimits: Limits = {
  memory: 2048 * MiB,
  cpus: 2,
  pids: 512,
  openFiles: 4096,
  file: 10 * 1024 * MiB,
  tmp: 256 * MiB,
  home: 256 * MiB,
  runner: 96 * MiB,
  shm: 64 * MiB,
}

/** The agent's processes. Process 1 belongs to nobody, so that the agent can neither end it nor look into it. */
export const agent = '1000:1000'
export const nobody = '65534:65534'
const microsecondsPerPeriod = 100_000

/** Labels of what belongs to an installation, on containers and their volumes. */
export const labels = {
  installation: 'longhand.installation',
  session: 'longhand.session',
  generation: 'longhand.generation',
  /** Of hands other than `main`. */
  hand: 'longhand.hand',
  /** Of containers that have {@link cargoFolder}. */
  cargo: 'longhand.cargo',
} as const

/** Where the folders of uploads and outputs are: a volume of its own. */
export const cargoFolder = '/mnt/session'

/** `HOSTNAME`, without a value, takes out what the daemon would put in. */
const environment = [
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  'HOME=/home/agent',
  'USER=agent',
  'LOGNAME=agent',
  'SHELL=/bin/bash',
  'LANG=C.UTF-8',
  'TERM=dumb',
  'HOSTNAME',
]

export interface SpecRequest {
  readonly key: SandboxKey
  readonly installation: string
  readonly image: string
  /** Name of a container runtime that the daemon has; undefined: its own. */
  readonly runtime?: string | undefined
  readonly limits: Limits
  /** To the network; null for a sandbox without one. */
  readonly door: MountedDoor | null
}

export interface MountedDoor {
  /** As this process sees it. */
  readonly folder: string
  /** The same folder as the daemon sees it. */
  readonly source: string
}

/**
 * The container of a sandbox. Nothing of the host is mounted but its door, nothing secret stands in it: whoever has the
 * socket can read it.
 */
export function containerSpec({ key, installation, image, runtime, limits, door }: SpecRequest): ContainerSpec {
  const inMemory = limits.tmp + limits.home + limits.runner + limits.shm
  // Full of what cannot be given back, a sandbox could not even be told to delete it.
  if (inMemory > limits.memory / 2)
    throw new Error(`expected at most half of the memory for tmpfs, got ${inMemory} bytes`)
  const owned = {
    [labels.installation]: installation,
    [labels.session]: key.sessionId,
    [labels.generation]: String(key.generation),
    ...(key.hand === undefined || key.hand === MAIN ? {} : { [labels.hand]: key.hand }),
  }
  const tmpfs = (size: number, more: string) => `rw,exec,nosuid,nodev,size=${size},${more}`
  return {
    Image: image,
    Hostname: 'sandbox',
    User: nobody,
    WorkingDir: '/workspace',
    Env: [
      ...environment,
      ...Object.entries(doorVariables(door?.folder ?? null)).map(([name, value]) => `${name}=${value}`),
    ],
    Entrypoint: [],
    Cmd: door === null ? ['sleep', '2147483647'] : ['sh', '-c', `while :; do ${forwarder}; sleep 1; done`],
    Labels: { ...owned, [labels.cargo]: '1' },
    HostConfig: {
      ...isolation(),
      ...quotas(limits),
      ...(runtime !== undefined && { Runtime: runtime }),
      Tmpfs: {
        '/tmp': tmpfs(limits.tmp, 'mode=1777'),
        '/home/agent': tmpfs(limits.home, 'mode=755,uid=1000,gid=1000'),
        '/run/longhand': tmpfs(limits.runner, 'mode=755,uid=1000,gid=1000'),
      },
      Mounts: [...(door === null ? [] : [mountOf(door)]), volume('/workspace', owned), volume(cargoFolder, owned)],
    },
  }
}

export function mountOf({ source }: MountedDoor) {
  return { Type: 'bind' as const, Source: source, Target: doorway, ReadOnly: true }
}

function volume(target: string, owned: Readonly<Record<string, string>>) {
  const options = { NoCopy: false, Labels: { ...owned }, DriverConfig: { Name: '', Options: {} } }
  return { Type: 'volume' as const, Source: '', Target: target, VolumeOptions: options }
}

/** Of every container, whatever it is for. */
export function isolation(): NonNullable<ContainerSpec['HostConfig']> & { readonly CgroupnsMode: 'private' } {
  return {
    CgroupnsMode: 'private',
    NetworkMode: 'none',
    // Or /etc/resolv.conf would show what the host asks, which nobody can reach from here anyway.
    Dns: ['127.0.0.1'],
    DnsSearch: ['.'],
    IpcMode: 'private',
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges', `seccomp=${JSON.stringify(seccompProfile())}`],
    ReadonlyRootfs: true,
    Init: true,
    // Started again, it would have lost what it knew of calls.
    RestartPolicy: { Name: 'no' },
    LogConfig: { Type: 'none', Config: {} },
  }
}

export function quotas(limits: Limits): NonNullable<ContainerSpec['HostConfig']> {
  return {
    Memory: limits.memory,
    // Together with memory: no swap.
    MemorySwap: limits.memory,
    CpuPeriod: microsecondsPerPeriod,
    CpuQuota: limits.cpus * microsecondsPerPeriod,
    PidsLimit: limits.pids,
    ShmSize: limits.shm,
    Ulimits: [
      { Name: 'nofile', Soft: limits.openFiles, Hard: limits.openFiles },
      { Name: 'core', Soft: 0, Hard: 0 },
      { Name: 'fsize', Soft: limits.file, Hard: limits.file },
    ],
  }
}
