import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { access, readFile } from 'node:fs/promises'
import { localLimits } from './bubblewrap.ts'
import { cargoProbe } from './cargo-probe.ts'
import { doorProbe } from './door-probe.ts'
import { HandsUnavailable } from './hands.ts'
import { limitProbes } from './limit-probes.ts'
import type { Probe } from './resident-probe.ts'
import { residentProbe } from './resident-probe.ts'
import type { Finding, Sandbox, SandboxProvider } from './sandbox.ts'

const programs = [
  { name: 'bwrap', packaged: 'bubblewrap' },
  { name: 'nsenter', packaged: 'util-linux' },
  { name: 'prlimit', packaged: 'util-linux' },
  { name: 'setpriv', packaged: 'util-linux' },
  { name: 'unshare', packaged: 'util-linux' },
  { name: 'setsid', packaged: 'util-linux' },
  { name: 'bash', packaged: 'bash' },
  { name: 'perl', packaged: 'perl-base' },
  { name: 'tar', packaged: 'tar' },
  { name: 'find', packaged: 'findutils' },
]
const folders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** Kernel settings that close user namespaces to ordinary users, with the value that does. */
const switches = [
  { path: 'kernel/unprivileged_userns_clone', closed: '0', remedy: 'sysctl -w kernel.unprivileged_userns_clone=1' },
  {
    path: 'kernel/apparmor_restrict_unprivileged_userns',
    closed: '1',
    remedy: 'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0',
  },
  { path: 'user/max_user_namespaces', closed: '0', remedy: 'sysctl -w user.max_user_namespaces=15000' },
]

/** What is looked at from inside, by a command that prints nothing when it is in order. */
const probes: readonly Probe[] = [
  {
    name: 'network',
    wanted: 'loopback only',
    // Kernels put tunnels that are down into every new network. Without /sys, these lists tell what is up: an interface
    // joins a multicast group of its own, and gets an IPv6 address, when it is brought up.
    command: `cd /proc/net
      for i in $(tail -n +3 dev | cut -d: -f1); do
        if [ $i = lo ]; then continue; fi
        if [ ! -r igmp ] || grep -q "[[:space:]]$i *:" igmp || grep -qs " $i$" if_inet6; then echo $i; fi
      done`,
  },
  {
    name: 'privileges',
    wanted: 'no capabilities, no new privileges',
    command: `grep -E '^(CapPrm|CapEff|CapInh|CapAmb):' /proc/self/status | grep -v ':\\s0*$'
      grep -x 'NoNewPrivs:\\s1' /proc/self/status > /dev/null || echo 'new privileges are possible'
      [ "$(id -u)" = 1000 ] || echo "the user is $(id -u)"`,
  },
  {
    name: 'kernel',
    wanted: 'sockets that no namespace confines are refused, and io_uring',
    command: `perl -e 'socket(my $s, 40, 1, 0) and print "AF_VSOCK\n"; $! = 0; syscall(425, 1, 0); $! == 1 or print "io_uring\n"'`,
  },
  {
    name: 'files',
    wanted: 'the host is read-only, /workspace and /tmp are writable',
    command: `for f in /usr /etc /; do if touch $f/probe 2>/dev/null; then echo "$f is writable"; fi; done
      for f in /workspace /tmp; do touch $f/probe || echo "$f is not writable"; done
      for f in /root /var /sys; do [ ! -e $f ] || echo "$f is visible"; done`,
  },
  cargoProbe,
  residentProbe,
]

const limited =
  `by process: ${localLimits.memory / 1024 ** 2} MiB of data, 4096 open files, 10240 MiB a file; ` +
  `${localLimits.processes} processes, /tmp 1024 MiB; not limited: ` +
  'memory and processors of all processes together, the disk below /workspace and home'

export interface LocalExamination {
  readonly provider: Pick<SandboxProvider, 'provision' | 'attach' | 'destroy'>
  /** Whether its sandboxes have a way to the network. */
  readonly hasDoors: boolean
  readonly isThorough: boolean
}

/** Looks at what the local provider needs, then makes a sandbox and looks around inside. */
export async function examineLocal({ provider, hasDoors, isThorough }: LocalExamination): Promise<Finding[]> {
  const missing: Finding[] = []
  for (const { name, packaged } of programs) {
    if (await isInstalled(name)) continue
    missing.push({ name, ok: false, detail: 'is not installed', remedy: `apt-get install ${packaged}` })
  }
  if (missing.length > 0) return missing
  const findings: Finding[] = [{ name: 'bubblewrap', ok: true, detail: 'bwrap and util-linux are there' }]
  const key = { sessionId: `doctor_${randomBytes(4).toString('hex')}`, generation: 1 }
  try {
    const row = await provider.provision(key)
    try {
      const sandbox = await provider.attach(row)
      if (sandbox === null) throw new HandsUnavailable('the probe sandbox ended at once')
      findings.push({ name: 'sandbox', ok: true, detail: 'starts, and is entered by nsenter' })
      const more = [...(hasDoors ? [doorProbe] : []), ...(isThorough ? limitProbes(localLimits) : [])]
      for (const probe of [...probes, ...more]) findings.push(await look(sandbox, probe))
      findings.push({ name: 'sandbox limits', ok: true, detail: limited })
    } finally {
      await provider.destroy(row)
    }
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    findings.push({ name: 'sandbox', ok: false, detail, remedy: await remedyForNamespaces() })
  }
  return findings
}

async function look(sandbox: Sandbox, { name, wanted, command, remedy }: Probe): Promise<Finding> {
  const id = `probe-${name.replaceAll(' ', '-')}`
  const { reason, output } = await sandbox.run({ id, command, timeoutMs: 30_000, capBytes: 4_096 })
  const found = Buffer.from(output).toString().trim().replaceAll('\n', ', ')
  if (reason === 'exit' && found === '') return { name: `sandbox ${name}`, ok: true, detail: wanted }
  const detail = `expected ${wanted}, found: ${found === '' ? reason : found}`
  const usual = 'Do not run agents here, and report what this machine is.'
  return { name: `sandbox ${name}`, ok: false, detail, remedy: remedy ?? usual }
}

async function isInstalled(name: string): Promise<boolean> {
  const found = await Promise.all(
    folders.map((folder) =>
      access(`${folder}/${name}`, constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  )
  return found.includes(true)
}

async function remedyForNamespaces(): Promise<string> {
  for (const { path, closed, remedy } of switches) {
    const value = await readFile(`/proc/sys/${path}`, 'utf8').catch(() => '')
    if (value.trim() === closed) return `${remedy} (as root)`
  }
  return 'Allow user namespaces and mounts here (in a container: by its security profile).'
}
