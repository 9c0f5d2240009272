import { createHash, randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Policy } from './policy.ts'
import type { RepositoryRoute } from './repository-route.ts'
import { toGitConfig } from './repository-route.ts'
import { shorten } from './short-path.ts'

/** What is kept of a door, for the process that comes after this one. Credentials and tokens are not. */
export interface KeptDoor {
  readonly name: string
  readonly policy: Policy
  /** Of the authority that the sandbox trusts, once it has one. */
  readonly authority?: string
  /** Their tokens have to be given again. */
  readonly repositories?: readonly RepositoryRoute[]
  /** As of `Permit`. */
  readonly authorities?: string
}

/** Where what is inside reaches the proxy by itself. */
const origin = 'http://127.0.0.1:3128'
const forwarder = fileURLToPath(new URL('forward.pl', import.meta.url))

/** The folder that a sandbox of this name is given: of one length, whatever the name's is. */
function folderOf(root: string, name: string): string {
  return join(root, createHash('sha256').update(name).digest('hex').slice(0, 16))
}

/**
 * Makes the folder with the forwarder, and notes what has to be known to open the door again. `root` is closed to other
 * users: they reach no folder in it but through a mount.
 */
export async function keepDoor(root: string, door: KeptDoor, certificate: string | null): Promise<string> {
  const folder = folderOf(root, door.name)
  await mkdir(folder, { recursive: true })
  await chmod(folder, 0o755)
  await replace(folder, 'forward.pl', await readFile(forwarder, 'utf8'))
  const trusted = [certificate, door.authorities].filter((pem) => pem != null)
  if (trusted.length > 0) await replace(folder, 'ca.pem', trusted.join('\n'))
  if (door.repositories !== undefined) await replace(folder, 'gitconfig', toGitConfig(door.repositories, origin))
  const draft = draftOf(folder)
  await writeFile(draft, JSON.stringify(door), { mode: 0o600 })
  await rename(draft, `${folder}.json`)
  return folder
}

/** Whole at any time: somebody in the sandbox may read it just now. */
async function replace(folder: string, name: string, content: string): Promise<void> {
  const draft = draftOf(folder)
  await writeFile(draft, content, { mode: 0o644 })
  await rename(draft, join(folder, name))
}

function draftOf(folder: string): string {
  return `${folder}.${randomBytes(4).toString('hex')}`
}

/** Removes what is kept of a door; one that is gone already is success. */
export async function forgetDoor(root: string, name: string): Promise<void> {
  const folder = folderOf(root, name)
  await rm(`${folder}.json`, { force: true })
  await rm(folder, { recursive: true, force: true })
}

/** None where there is no folder for them. */
export async function listDoors(root: string): Promise<readonly KeptDoor[]> {
  const names = (await readdir(root).catch(nullIfMissing)) ?? []
  const files = names.filter((name) => /^[0-9a-f]{16}\.json$/.test(name))
  const texts = await Promise.all(files.map((file) => readFile(join(root, file), 'utf8').catch(nullIfMissing)))
  // Written by `keepDoor` alone, and whole.
  return texts.flatMap((text) => (text === null ? [] : [JSON.parse(text) as KeptDoor]))
}

/** Another process may close a door while this one reads. */
function nullIfMissing(error: unknown): null {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
  throw error
}

/** Opens the door's socket for everybody who is in the folder's mount; resolves with what closes it. */
export async function listenAt(folder: string, server: Server): Promise<() => Promise<void>> {
  const path = await shorten(folder)
  const socket = path.to('proxy.sock')
  // Left by a process that was killed.
  await rm(socket, { force: true })
  // Those of tunnels are no connections of the server's any more.
  const open = new Set<Socket>()
  server.on('connection', (connection) => {
    open.add(connection)
    connection.once('close', () => open.delete(connection))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ path: socket, readableAll: true, writableAll: true }, resolve)
  })
  return async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    for (const connection of open) connection.destroy()
    await closed
    await path[Symbol.asyncDispose]()
  }
}
