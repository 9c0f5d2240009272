import type { Limits } from './container-spec.ts'
import { hasOwnKernel } from './runtimes.ts'

const capabilities = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']

type Check = readonly [holds: boolean, weakness: string]

/**
 * What is not in force of what was asked for, by what prepare.sh saw inside; one sentence each. Being accepted by a
 * daemon is not being enforced by a kernel. A kernel of the sandbox's own keeps limits in ways of its own: under such a
 * runtime they are not looked for.
 */
export function findWeaknesses(report: string, limits: Limits, runtime?: string): readonly string[] {
  const seen = parse(report)
  const checks = hasOwnKernel(runtime) ? ownChecks(seen) : [...ownChecks(seen), ...hostChecks(seen, limits)]
  return checks.filter(([holds]) => !holds).map(([, weakness]) => weakness)
}

/** What holds whatever the kernel is. */
function ownChecks(seen: ReadonlyMap<string, string>): readonly Check[] {
  return [
    [ids(seen.get('Uid')).every((id) => id === '1000'), `the user is ${seen.get('Uid')}, not 1000`],
    [ids(seen.get('Gid')).every((id) => id === '1000'), `the group is ${seen.get('Gid')}, not 1000`],
    [capabilities.every((name) => /^0+$/.test(seen.get(name) ?? '')), 'there are capabilities'],
    [mountOf(seen, '/').includes('ro'), 'the root file system is writable'],
    [seen.has('writable:/workspace'), 'the agent cannot write to /workspace: the image has to hold it, owned by 1000'],
    [seen.has('interface:lo') && interfacesUp(seen).length === 0, 'there is a network'],
    [!seen.has('egress:silent'), 'nothing forwards to the network: the image has to hold perl'],
  ]
}

function hostChecks(seen: ReadonlyMap<string, string>, limits: Limits): readonly Check[] {
  const swap = Number.parseInt(seen.get('SwapTotal') ?? '1', 10)
  const pages = (size: number) => Math.floor(size / 1024)
  return [
    [seen.get('NoNewPrivs') === '1', 'new privileges are possible'],
    [seen.get('Seccomp') === '2', 'no seccomp filter is in force'],
    ...(['tmp', 'home', 'runner', 'shm'] as const).map((name) => {
      const at = { tmp: '/tmp', home: '/home/agent', runner: '/run/longhand', shm: '/dev/shm' }[name]
      const mount = mountOf(seen, at)
      const isLimited = mount[0] === 'tmpfs' && mount.includes(`size=${pages(limits[name])}k`)
      return [isLimited, `${at} is not a tmpfs of ${limits[name]} bytes`] as const
    }),
    [isAtMost(seen, ['memory/memory.limit_in_bytes', 'memory.max'], limits.memory), 'the memory is not limited'],
    [
      swap === 0 ||
        isAtMost(seen, ['memory/memory.memsw.limit_in_bytes'], limits.memory) ||
        isAtMost(seen, ['memory.swap.max'], 0),
      'swap is not limited: the kernel needs swap accounting (swapaccount=1), or the host no swap',
    ],
    [isAtMost(seen, ['pids/pids.max', 'pids.max'], limits.pids), 'the number of processes is not limited'],
    [isAtMost(seen, ['cpu/cpu.cfs_quota_us', 'cpu.max'], limits.cpus * 100_000), 'the processors are not limited'],
    [Number(seen.get('ulimit:nofile')) <= limits.openFiles, 'the number of open files is not limited'],
    [Number(seen.get('ulimit:fsize')) <= limits.file, 'the size of a file is not limited'],
    [seen.get('ulimit:core') === '0', 'core files are possible'],
  ]
}

function mountOf(seen: ReadonlyMap<string, string>, at: string): readonly string[] {
  return (seen.get(`mount:${at}`) ?? '').split(',')
}

function parse(report: string): Map<string, string> {
  const lines = report.split('\n').map((line) => /^(\S+?):?\s+(.*)$/.exec(line))
  return new Map(lines.flatMap((found) => (found === null ? [] : [[found[1] ?? '', found[2] ?? ''] as const])))
}

/** But for loopback. Kernels put tunnels that are down into every new network; one that does not tell counts as up. */
function interfacesUp(seen: ReadonlyMap<string, string>): readonly string[] {
  const flagUp = 1
  const isUp = (flags: string) => !/^0x[0-9a-f]+$/.test(flags) || (Number(flags) & flagUp) !== 0
  const others = [...seen].filter(([name]) => name.startsWith('interface:') && name !== 'interface:lo')
  return others.filter(([, flags]) => isUp(flags)).map(([name]) => name)
}

/** Real, effective, saved and file system's. */
function ids(text: string | undefined): readonly string[] {
  return (text ?? 'unknown').split(/\s+/)
}

/** The first of these files of the control group that there is. A quota without end is `max`, or -1, or enormous. */
function isAtMost(seen: ReadonlyMap<string, string>, files: readonly string[], limit: number): boolean {
  const value = files.map((file) => seen.get(`cgroup:${file}`)).find((text) => text !== undefined)
  const [first = ''] = (value ?? '').split(' ')
  return /^\d+$/.test(first) && Number(first) <= limit
}
