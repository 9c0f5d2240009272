import type { ChildProcess } from 'node:child_process'
import { execFile, spawn } from 'node:child_process'
import type { FileHandle } from 'node:fs/promises'
import { lstat, open, readlink } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Account } from './account.ts'
import { confine } from './confine.ts'
import { clearWay, hasRoom } from './crowd.ts'
import type { Exec } from './exec.ts'
import { resident } from './exchange.ts'
import { HandsUnavailable } from './hands.ts'
import type { Line } from './line.ts'
import { doorVariables, doorway, forwarder, isForwarding, trust } from './network.ts'
import type { Pipe } from './pipe.ts'
import { createTailOfText } from './pipe.ts'
import { prepareRunner } from './runner.ts'

/** Where host programs are looked for, and what processes inside start with. Nothing of the worker's is added. */
const environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/home/agent',
  USER: 'agent',
  LOGNAME: 'agent',
  SHELL: '/bin/bash',
  LANG: 'C.UTF-8',
  TERM: 'dumb',
}

/** Bytes of data of a process; processes of a sandbox together. */
export const localLimits = { memory: 4096 * 1024 ** 2, processes: 512 }
/** Per process, but for `nproc`, which counts the sandbox's processes together. */
const limits = ['--core=0', '--nofile=4096', `--data=${localLimits.memory}`, '--fsize=10737418240']
/** What is to end the agent's processes finds room where they have left none. */
const mostOfEnding = 640
const tmpBytes = '1073741824'
/** Far above any cap of the runner's: output and file contents together, of one process. */
const outputBytes = 64 * 1024 * 1024
const startPatience = 10_000
const wakeMs = 10_000
const devices = ['null', 'zero', 'full', 'random', 'urandom', 'tty']
const linksOfUsr = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32']

export interface StartRequest {
  /**
   * The generation's own folder; holds `etc` and `uploads`, and what is writable for the account: `workspace`, `outputs`,
   * `home` and `run`.
   */
  readonly folder: string
  readonly bootId: string
  readonly account: Account
  /** Folder of its door to the network; null for a sandbox without one. */
  readonly door: string | null
}

/** A sandbox that processes are started in. */
export interface Inside extends Pick<StartRequest, 'account' | 'door'> {
  /** Of process 1. */
  readonly pid: number
}

/**
 * Starts a sandbox that outlives this process. bubblewrap itself writes the pid of process 1 into `info.json`, so that
 * even a caller that dies at once leaves something to find it by. Resolves when process 1 runs.
 */
export async function startBubblewrap(request: StartRequest): Promise<void> {
  const { folder, bootId, account, door } = request
  const isOwn = account.uid === undefined
  const mounts = { base: isOwn ? folder : '/mnt', door: door !== null && !isOwn ? '/mnt/egress' : door }
  const argv = [
    'setpriv',
    '--no-new-privs',
    ...confine(),
    'bwrap',
    ...(await isolation(mounts, door)),
    'sh',
    '-c',
    initialize(bootId, door !== null),
  ]
  const [file = '', ...args] = isOwn ? argv : asAccount(request, account.uid, argv)
  const info = await open(join(folder, 'info.json'), 'w')
  try {
    await started(file, args, info)
  } finally {
    await info.close()
  }
}

/** Whether the sandbox lives. Where there is no room in it for another process, those of the agent are ended. */
export async function isAnswering(inside: Inside, isAlive: () => Promise<boolean>): Promise<boolean> {
  if (!(await isAlive())) return false
  const exec = createNamespaceExec(inside)
  if (!(await hasRoom(exec))) {
    // The machine may be at a limit of its own, and this sandbox not to blame.
    const least = localLimits.processes / 4
    await clearWay({ exec: createNamespaceExec(inside, mostOfEnding), check: exec, least })
  }
  return isAlive()
}

/** Starts processes inside the namespaces of process 1 of a sandbox. */
export function createNamespaceExec(inside: Inside, processes = localLimits.processes): Exec {
  return (argv, { stdin, env, signal }) =>
    new Promise((resolve, reject) => {
      const words = env === undefined ? argv : ['env', ...Object.entries(env).map(([k, v]) => `${k}=${v}`), ...argv]
      const child = spawn('prlimit', enter(inside.pid, words, processes), {
        ...processOf(inside),
        ...(signal && { signal, killSignal: 'SIGKILL' }),
      })
      keepAwake(child)
      const stdout: Buffer[] = []
      const stderr: Buffer[] = []
      let bytes = 0
      const collect = (chunks: Buffer[]) => (chunk: Buffer) => {
        bytes += chunk.length
        // Nothing of ours says that much: whoever did, inside, must not fill the worker's memory with it.
        if (bytes > outputBytes) child.kill('SIGKILL')
        else chunks.push(chunk)
      }
      child.stdout.on('data', collect(stdout))
      child.stderr?.on('data', collect(stderr))
      child.on('error', (cause) => {
        // What runs inside may hold them as long as it likes.
        for (const end of [child.stdin, child.stdout, child.stderr]) end.destroy()
        reject(new HandsUnavailable(signal?.aborted ? 'prlimit was given up' : 'cannot start prlimit', { cause }))
      })
      child.on('close', () => resolve({ stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }))
      // A caller that joins is answered without being read: EPIPE is no failure.
      child.stdin.on('error', () => {})
      child.stdin.end(stdin)
    })
}

/** Starts the resident in there; one that cannot be started ends at once. */
export function openNamespaceLine(inside: Inside): Line {
  const child = spawn('prlimit', enter(inside.pid, resident.argv), {
    ...processOf(inside, resident.env),
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  keepAwake(child)
  const { stdin: input, stdout: output } = child
  child.on('error', (cause) => output.destroy(cause))
  return {
    input,
    output,
    hold(isHeld) {
      // Pipes of a child process are sockets here.
      for (const end of [child, input as Socket, output as Socket]) {
        if (isHeld) end.ref()
        else end.unref()
      }
    },
    destroy() {
      input.destroy()
      output.destroy()
    },
  }
}

/** Starts a process in there that takes or gives a stream. */
export function openNamespacePipe(inside: Inside, argv: readonly string[]): Pipe {
  const child = spawn('prlimit', enter(inside.pid, argv), processOf(inside))
  keepAwake(child)
  const { stdin: input, stdout: output, stderr } = child
  const tail = createTailOfText()
  stderr.on('data', (chunk: Buffer) => tail.add(chunk))
  child.on('error', (cause) => output.destroy(cause))
  const said = new Promise<string>((resolve) => child.once('close', () => resolve(tail.text())))
  return {
    input,
    output,
    said,
    destroy() {
      input.destroy()
      output.destroy()
      stderr.destroy()
    },
  }
}

/**
 * nsenter stops itself when an agent stops what it has started, and nobody inside can have it go on. Continued, it has
 * that go on too, but not what that has started in its turn: see wake.sh.
 */
function keepAwake(child: ChildProcess): void {
  const timer = setInterval(() => child.kill('SIGCONT'), wakeMs).unref()
  for (const event of ['exit', 'error']) child.once(event, () => clearInterval(timer))
}

function processOf({ account, door }: Inside, env: Readonly<Record<string, string>> = {}) {
  return { cwd: '/', env: { ...environment, ...doorVariables(door), ...env }, detached: true, ...account }
}

function enter(pid: number, argv: readonly string[], processes = localLimits.processes): string[] {
  const namespaces = [`--target=${pid}`, '-U', '-m', '-p', '-n', '-i', '-u', '--preserve-credentials']
  return [
    ...limits,
    `--nproc=${processes}`,
    '--',
    'setpriv',
    '--no-new-privs',
    ...confine(),
    'nsenter',
    ...namespaces,
    '--',
    ...argv,
  ]
}

/**
 * Process 1. A resident shell: it reaps what is orphaned, and no signal from inside ends it, so that `kill -9 -1` in the
 * sandbox leaves the sandbox standing. It ends by itself when its folder was removed: nobody can use it any more.
 */
function initialize(bootId: string, hasDoor: boolean): string {
  const isThere = '[ -e /run/longhand/boot ]'
  const idle = `while ${isThere}; do sleep 20 & wait $!; done`
  // Whoever is ended comes again, but not at once and for ever.
  const forward = `while ${isThere}; do wait $forwarder; sleep 1; ${forwarder} /run/longhand/boot & forwarder=$!; done`
  const begin =
    `{ ${trust}; ${forwarder} /run/longhand/boot > /dev/null 2>&1 & forwarder=$!; ` +
    `i=0; until ${isForwarding}; do sleep 0.01; i=$((i + 1)); [ $i -lt 500 ] || exit 1; done; }`
  const stay = `echo ready && exec < /dev/null > /dev/null 2>&1 && trap '' TERM INT HUP && ${hasDoor ? forward : idle}`
  return `${prepareRunner(bootId)} && ${hasDoor ? `${begin} && ` : ''}${stay}`
}

/** As root: the folder need not be reachable for the account, it sees a private mount of it. */
function asAccount({ folder, door }: StartRequest, uid: number, argv: readonly string[]): string[] {
  const setpriv = `exec setpriv --reuid ${uid} --regid ${uid} --clear-groups -- "$@"`
  const script = `mount --bind "$0" /mnt && { [ -z "$1" ] || mount --bind "$1" /mnt/egress; } && shift && ${setpriv}`
  return ['unshare', '--mount', '--propagation', 'private', '--', 'sh', '-c', script, folder, door ?? '', ...argv]
}

interface Mounts {
  readonly base: string
  readonly door: string | null
}

async function isolation({ base, door }: Mounts, folder: string | null): Promise<string[]> {
  // No `--dev`: its devpts makes bubblewrap add a second user namespace, and the first could not be entered any more.
  const dev = devices.flatMap((name) => ['--dev-bind', `/dev/${name}`, `/dev/${name}`])
  const fds = ['fd', 'fd/0', 'fd/1', 'fd/2'].map((target) => `/proc/self/${target}`)
  const links = ['/dev/fd', '/dev/stdin', '/dev/stdout', '/dev/stderr'].flatMap((at, i) => [
    '--symlink',
    fds[i] ?? '',
    at,
  ])
  const etc = ['passwd', 'group', 'hosts', 'nsswitch.conf'].flatMap((f) => [
    '--ro-bind',
    `${base}/etc/${f}`,
    `/etc/${f}`,
  ])
  const authorities = ['ssl/certs', 'ssl/openssl.cnf', 'pki/tls/certs', 'pki/ca-trust/extracted', 'ca-certificates']
  const shared = ['alternatives', 'ld.so.cache', ...authorities].flatMap((name) => [
    '--ro-bind-try',
    `/etc/${name}`,
    `/etc/${name}`,
  ])
  const parts = [
    ['--unshare-user', '--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
    ['--uid', '1000', '--gid', '1000', '--hostname', 'sandbox', '--info-fd', '3', '--as-pid-1', '--cap-drop', 'ALL'],
    [
      '--clearenv',
      ...Object.entries({ ...environment, ...doorVariables(folder) }).flatMap(([name, value]) => [
        '--setenv',
        name,
        value,
      ]),
    ],
    ['--ro-bind', '/usr', '/usr', ...(await rootLinks()), '--proc', '/proc'],
    ['--dir', '/dev', ...dev, ...links, '--perms', '1777', '--tmpfs', '/dev/shm'],
    ['--dir', '/etc', ...etc, ...shared, '--symlink', '../usr/lib/os-release', '/etc/os-release'],
    ['--perms', '1777', ...((await knowsSize()) ? ['--size', tmpBytes] : []), '--tmpfs', '/tmp'],
    ['--dir', '/home', '--bind', `${base}/home`, '/home/agent', '--bind', `${base}/workspace`, '/workspace'],
    ['--dir', '/mnt', '--dir', '/mnt/session', '--ro-bind', `${base}/uploads`, '/mnt/session/uploads'],
    ['--bind', `${base}/outputs`, '/mnt/session/outputs'],
    ['--dir', '/run', '--bind', `${base}/run`, '/run/longhand', ...(door === null ? [] : ['--ro-bind', door, doorway])],
    ['--chdir', '/workspace', '--remount-ro', '/'],
  ]
  return parts.flat()
}

/** `/bin` and its like as the host has them: links into /usr, or folders of their own. */
async function rootLinks(): Promise<string[]> {
  const found = await Promise.all(
    linksOfUsr.map(async (name) => {
      const path = `/${name}`
      const entry = await lstat(path).catch(() => null)
      if (entry === null) return []
      return entry.isSymbolicLink() ? ['--symlink', await readlink(path), path] : ['--ro-bind', path, path]
    }),
  )
  return found.flat()
}

let sizeOption: Promise<boolean> | undefined

/** `--size` came with bubblewrap 0.8; before it /tmp may take half of the memory, which is the kernel's own limit. */
function knowsSize(): Promise<boolean> {
  sizeOption ??= promisify(execFile)('bwrap', ['--help'], { env: environment }).then(
    ({ stdout, stderr }) => `${stdout}${stderr}`.includes('--size '),
    () => false,
  )
  return sizeOption
}

function started(file: string, args: readonly string[], info: FileHandle): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: '/',
      env: environment,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', info.fd],
    })
    let said = ''
    const settle = (problem: string | null) => {
      clearTimeout(timer)
      child.stdout?.destroy()
      child.stderr?.destroy()
      child.unref()
      if (problem === null) resolve()
      else reject(new HandsUnavailable(`no sandbox could be started: ${problem}`))
    }
    const timer = setTimeout(() => settle(`bubblewrap was not ready after ${startPatience} ms`), startPatience)
    child.stdout?.on('data', () => settle(null))
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.on('error', (error) => settle(error.message))
    child.on('close', (code) => settle(said.trim().slice(-500) || `bubblewrap ended with ${code}`))
  })
}
