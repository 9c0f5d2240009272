import { randomBytes } from 'node:crypto'
import { cargoProbe } from '../cargo-probe.ts'
import { doorProbe } from '../door-probe.ts'
import { readScripts } from '../exchange.ts'
import { HandsUnavailable } from '../hands.ts'
import { limitProbes } from '../limit-probes.ts'
import type { Probe } from '../resident-probe.ts'
import { residentProbe } from '../resident-probe.ts'
import type { Finding, Sandbox, SandboxProvider } from '../sandbox.ts'
import type { Limits } from './container-spec.ts'
import { DoorAway, remedyForDoor } from './door-away.ts'
import { DEFAULT_IMAGE, FULL_IMAGE } from './image.ts'
import { packagesLabel } from './images.ts'
import { hasOwnKernel } from './runtimes.ts'
import type { Engine } from './engine.ts'

export interface Examination {
  readonly engine: Engine
  readonly image: string
  /** That sandboxes run under unless an environment names another; undefined: the daemon's own. */
  readonly runtime: string | undefined
  readonly limits: Limits
  readonly provider: Pick<SandboxProvider, 'provision' | 'attach' | 'destroy'>
  /** Whether its sandboxes have a way to the network. */
  readonly hasDoors: boolean
  readonly isThorough: boolean
}

/** What is looked at from inside, beside what every new sandbox is asked. */
const probes: readonly Probe[] = [
  { name: 'network', wanted: 'no route', command: 'tail -n +2 /proc/net/route' },
  {
    name: 'process 1',
    wanted: 'out of reach',
    command: `for f in environ root/etc/passwd; do ! head -c 1 /proc/1/$f 2>/dev/null || echo " /proc/1/$f is readable"; done
      ! kill -0 1 2>/dev/null || echo 'process 1 takes signals'`,
  },
  {
    name: 'files',
    wanted: 'the system is read-only, /workspace and /tmp are writable',
    command: `for f in /usr /etc / /dev; do if touch $f/probe 2>/dev/null; then echo "$f is writable"; fi; done
      for f in /workspace /tmp; do touch $f/probe || echo "$f is not writable"; done`,
  },
  {
    name: 'kernel',
    wanted: 'mounts, namespaces, io_uring, bpf, keys, vsock and their like are refused',
    command: readScripts('./docker/surface.sh'),
  },
  cargoProbe,
  residentProbe,
]

/** Looks for the daemon and the image, then makes a sandbox and looks around inside. */
export async function examineDocker(examination: Examination): Promise<Finding[]> {
  const { engine, image, limits } = examination
  const findings: Finding[] = []
  let isThere: boolean
  try {
    isThere = await engine.hasImage(image)
    const { version, storage, runtimes } = await engine.info()
    const detail = `engine ${version} answers, storage ${storage}, runtimes ${runtimes.join(', ')}`
    findings.push({ name: 'Docker', ok: true, detail })
  } catch (error) {
    const remedy = 'Start Docker, or give this user access to it, or choose local with --sandbox or LONGHAND_SANDBOX.'
    return [{ name: 'Docker', ok: false, detail: reasonOf(error), remedy }]
  }
  if (!isThere) {
    findings.push({ name: 'sandbox image', ok: false, detail: `${image} is not there`, remedy: remedyForImage(image) })
    return findings
  }
  findings.push({ name: 'sandbox image', ok: true, detail: image })
  try {
    findings.push(...(await examineSandbox(examination)), describeLimits(limits), ...(await describeImages(engine)))
  } catch (error) {
    const usual = 'Mend what is named, or choose local with --sandbox or LONGHAND_SANDBOX.'
    const remedy = error instanceof DoorAway ? remedyForDoor : usual
    findings.push({ name: 'sandbox', ok: false, detail: reasonOf(error), remedy })
  }
  return findings
}

function describeLimits({ memory, cpus, pids, openFiles, file, tmp, home }: Limits): Finding {
  const size = (bytes: number) => `${bytes / 1024 ** 2} MiB`
  const limited = [
    `memory ${size(memory)} without swap`,
    `${cpus} processors`,
    `${pids} processes`,
    `${openFiles} open files`,
    `/tmp ${size(tmp)}`,
    `home ${size(home)}`,
    `${size(file)} a file`,
  ]
  const detail = `${limited.join(', ')}; not limited: the sum of what is in /workspace, on the daemon's disk`
  return { name: 'sandbox limits', ok: true, detail }
}

/** How an image that is missing comes to be. */
export function remedyForImage(image: string): string {
  if (image === DEFAULT_IMAGE)
    return `Run longhand setup (node scripts/setup.mjs), or docker build -t ${image} docker/sandbox.`
  return image === FULL_IMAGE
    ? `Run longhand setup --image full, or docker build -t ${image} docker/sandbox-full.`
    : `Pull or build ${image} on this daemon.`
}

/** What packages of environments take of the disk; nothing where there are none. */
async function describeImages(engine: Engine): Promise<Finding[]> {
  const ids = await engine.images(packagesLabel)
  if (ids.length === 0) return []
  const images = await Promise.all(ids.map((id) => engine.image(id)))
  const bytes = images.reduce((sum, image) => sum + (image?.size ?? 0), 0)
  const detail = `${ids.length}, together at most ${Math.ceil(bytes / 1024 ** 2)} MiB; unused for 30 days they go`
  return [{ name: 'images of packages', ok: true, detail }]
}

function probesOf({ hasDoors, isThorough, limits, runtime }: Examination): readonly Probe[] {
  const { pids: processes, memory } = limits
  const limitsToTry = isThorough && !hasOwnKernel(runtime) ? limitProbes({ processes, memory }) : []
  return [...probes, ...(hasDoors ? [doorProbe] : []), ...limitsToTry]
}

async function examineSandbox(examination: Examination): Promise<Finding[]> {
  const { provider, runtime } = examination
  const row = await provider.provision({ sessionId: `doctor-${randomBytes(4).toString('hex')}`, generation: 1 })
  try {
    const sandbox = await provider.attach(row)
    if (sandbox === null) throw new HandsUnavailable('the probe sandbox ended at once')
    const detail = hasOwnKernel(runtime)
      ? `starts under ${runtime}; user, capabilities and the closed network are in force, limits are that runtime's own`
      : 'starts; user, capabilities, seccomp, memory, processes and processors are in force'
    const findings: Finding[] = [{ name: 'sandbox', ok: true, detail }]
    for (const probe of probesOf(examination)) findings.push(await look(sandbox, probe))
    return findings
  } finally {
    await provider.destroy(row)
  }
}

async function look(sandbox: Sandbox, probe: Probe): Promise<Finding> {
  const { name, wanted, command, remedy, mayBeEnded } = probe
  const id = `probe-${name.replaceAll(' ', '-')}`
  const { reason, output } = await sandbox.run({ id, command, timeoutMs: 30_000, capBytes: 4_096 })
  const found = Buffer.from(output).toString().trim().replaceAll('\n', ', ')
  if (reason === 'exit' && found.startsWith('not tried')) return { name: `sandbox ${name}`, ok: true, detail: found }
  if ((reason === 'exit' || (mayBeEnded && reason === 'oom')) && found === '')
    return { name: `sandbox ${name}`, ok: true, detail: wanted }
  const detail = `expected ${wanted}, found: ${found === '' ? reason : found}`
  const usual = 'Do not run agents here, and report what this daemon and kernel are.'
  return { name: `sandbox ${name}`, ok: false, detail, remedy: remedy ?? usual }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
