import { execFile } from 'node:child_process'
import { access, chmod, chown, link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Account } from './account.ts'
import type { SandboxRow } from './bindings.ts'
import { placeName } from './recipe.ts'
import type { ListedSandbox, SandboxKey } from './sandbox.ts'
import type { ProcessIdentity } from './sandbox-process.ts'
import { identify, isInPidNamespace } from './sandbox-process.ts'

const passwd = `root:x:0:0:root:/root:/usr/sbin/nologin
agent:x:1000:1000:agent:/home/agent:/bin/bash
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
`
const group = `root:x:0:
agent:x:1000:
nogroup:x:65534:
`
const etc = {
  passwd,
  group,
  hosts: '127.0.0.1 localhost sandbox\n::1 localhost\n',
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files\n',
}

/** What the local provider keeps: a folder per sandbox, named by its reference, and a file per key that names one. */
export interface GenerationFolders {
  pathOf(reference: string): string
  /** Makes the folder with everything a sandbox is started from. */
  prepare(reference: string, account: Account): Promise<void>
  /** Notes the folder of the sandbox's door to the network. */
  keepDoor(reference: string, door: string): Promise<void>
  /** Whether it was made with folders of uploads and outputs. */
  takesCargo(reference: string): Promise<boolean>
  /** As noted; null without one. */
  doorOf(reference: string): Promise<string | null>
  /** Notes which process is process 1, once it runs: from here on the sandbox can be attached to. */
  record(reference: string): Promise<void>
  /** Process 1 as recorded; null for a sandbox that was never finished or is removed. */
  identity(reference: string): Promise<ProcessIdentity | null>
  /** Process 1 of a sandbox whose maker died before it could record anything. */
  unfinished(reference: string): Promise<ProcessIdentity | null>
  /** Makes `row` the sandbox of its key; false when the key has one. */
  publish(row: SandboxRow): Promise<boolean>
  /** Reference of the key's sandbox. */
  published(key: SandboxKey): Promise<string | null>
  /** Of one session, if it is given. */
  list(sessionId?: string): Promise<readonly ListedSandbox[]>
  remove(row: SandboxRow): Promise<void>
}

/** The row that a reference of the local provider stands for; null for any other text. */
export function parseReference(reference: string): SandboxRow | null {
  const parts = /^(\w+)(?:-(\w+))?\.([1-9]\d{0,8})\.([0-9a-f]{16})$/.exec(reference) ?? []
  const [, sessionId, hand, generation, bootId] = parts
  if (sessionId === undefined || generation === undefined || bootId === undefined) return null
  const key = { sessionId, ...(hand === undefined ? {} : { hand }), generation: Number(generation) }
  return { ...key, provider: 'local', reference, bootId }
}

/** `root` is an absolute folder that belongs to the provider alone; it is made when needed. */
export function createGenerationFolders(root: string): GenerationFolders {
  const generations = join(root, 'generations')
  const keys = join(root, 'keys')
  const pathOf = (reference: string) => join(generations, reference)
  const keyPath = (key: SandboxKey) => join(keys, `${placeName(key)}.${key.generation}`)

  async function published(key: SandboxKey): Promise<string | null> {
    return (await readFile(keyPath(key), 'utf8').catch(nullIfMissing)) ?? null
  }

  return {
    pathOf,
    published,

    async prepare(reference, account) {
      const folder = pathOf(reference)
      await mkdir(folder, { recursive: true })
      await mkdir(keys, { recursive: true })
      await chmod(root, 0o700)
      await fill(folder, account)
      await writeFile(join(folder, 'reference'), reference)
    },

    keepDoor: (reference, door) => writeFile(join(pathOf(reference), 'door'), door),
    takesCargo: (reference) =>
      access(join(pathOf(reference), 'cargo', 'files')).then(
        () => true,
        () => false,
      ),
    doorOf: (reference) => readFile(join(pathOf(reference), 'door'), 'utf8').catch(nullIfMissing),

    async record(reference) {
      const folder = pathOf(reference)
      const identity = await identify((await readInfo(folder))['child-pid'])
      if (identity === null) throw new Error(`expected process 1 of ${reference} to run`)
      await writeFile(join(folder, 'process.new'), JSON.stringify(identity))
      await rename(join(folder, 'process.new'), join(folder, 'process.json'))
    },

    async identity(reference) {
      const text = await readFile(join(pathOf(reference), 'process.json'), 'utf8').catch(nullIfMissing)
      // Written by `record` alone.
      return text === null ? null : (JSON.parse(text) as ProcessIdentity)
    },

    async unfinished(reference) {
      const info = await readInfo(pathOf(reference)).catch(() => null)
      if (info === null || !(await isInPidNamespace(info['child-pid'], info['pid-namespace']))) return null
      return identify(info['child-pid'])
    },

    async publish(row) {
      try {
        await link(join(pathOf(row.reference), 'reference'), keyPath(row))
        return true
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
        throw error
      }
    },

    list: (sessionId) => listFolders(generations, sessionId),

    async remove(row) {
      if ((await published(row)) === row.reference) await rm(keyPath(row), { force: true })
      await removeTree(pathOf(row.reference))
    },
  }
}

/** What a sandbox is started from, in its new folder. */
async function fill(folder: string, account: Account): Promise<void> {
  await mkdir(join(folder, 'etc'))
  // The account reaches this folder through a mount of its own, never through the ones above.
  await chmod(folder, 0o711)
  await chmod(join(folder, 'etc'), 0o755)
  for (const [name, text] of Object.entries(etc)) await writeReadable(join(folder, 'etc', name), text)
  for (const name of ['workspace', 'outputs', 'home', 'run']) await makeOwned(join(folder, name), account)
  // The account sees the first, read-only; what is known of it is for the provider alone.
  await mkdir(join(folder, 'uploads'))
  await chmod(join(folder, 'uploads'), 0o755)
  await mkdir(join(folder, 'cargo', 'files'), { recursive: true })
  // Where root mounts the door, so that its account reaches it.
  await mkdir(join(folder, 'egress'))
}

/** Nothing is put into a folder beside what its sandbox was started from, so that its time is that of the start. */
async function listFolders(generations: string, sessionId?: string): Promise<readonly ListedSandbox[]> {
  const names = (await readdir(generations).catch(nullIfMissing)) ?? []
  const listed = names.map(async (name) => {
    const row = parseReference(name)
    if (row === null || (sessionId !== undefined && row.sessionId !== sessionId)) return null
    const found = await stat(join(generations, name)).catch(nullIfMissing)
    return found && { ...row, since: found.mtime }
  })
  return (await Promise.all(listed)).filter((row) => row !== null)
}

async function makeOwned(folder: string, { uid, gid }: Account): Promise<void> {
  await mkdir(folder, { mode: 0o755 })
  if (uid !== undefined && gid !== undefined) await chown(folder, uid, gid)
}

interface BubblewrapInfo {
  readonly 'child-pid': number
  readonly 'pid-namespace': number
}

async function readInfo(folder: string): Promise<BubblewrapInfo> {
  // Written by bubblewrap's --info-fd.
  return JSON.parse(await readFile(join(folder, 'info.json'), 'utf8')) as BubblewrapInfo
}

async function writeReadable(path: string, text: string): Promise<void> {
  await writeFile(path, text)
  await chmod(path, 0o644)
}

/** What the agent left may be closed to its own owner; root is not asked. */
async function removeTree(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true })
  } catch {
    await promisify(execFile)('chmod', ['-R', 'u+rwX', folder])
    await rm(folder, { recursive: true, force: true })
  }
}

function nullIfMissing(error: unknown): null {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
  throw error
}
