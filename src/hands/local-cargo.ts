import { randomBytes } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { chmod, mkdir, open, readdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Cargo, MountRequest } from './cargo.ts'
import { CargoRefused } from './cargo.ts'
import type { CargoAccess } from './cargo-stream.ts'
import { createInsideCargo } from './inside-cargo.ts'
import { SandboxLost } from './sandbox.ts'
import { parseNotes, toNoteLine, toUploadNote } from './uploads.ts'

export interface LocalCargoOptions extends CargoAccess {
  /** The generation's own. Uploads are in `uploads` and belong to this process; beside it, in `cargo`, what is known of them. */
  readonly folder: string
}

/** What a worker that died has left half written is removed by whoever comes after this many milliseconds. */
const leftAfterMs = 3_600_000

/**
 * The cargo of a sandbox of this machine. Uploads are written from outside, into a folder that is mounted read-only
 * inside; everything else is done inside, by processes of the agent's account.
 */
export function createLocalCargo({ folder, ...access }: LocalCargoOptions): Cargo {
  const uploads = join(folder, 'uploads')
  const notes = join(folder, 'cargo', 'files')
  const fresh = () => join(folder, 'cargo', `new.${randomBytes(8).toString('hex')}`)

  /** Runs a step on files. What it ends with is the sandbox's own end, or something in the way. */
  async function attempt<T>(step: Promise<T>): Promise<T> {
    try {
      return await step
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error)) throw error
      if (!(await access.isAlive())) throw new SandboxLost('the sandbox has ended', { cause: error })
      throw new CargoRefused(error.message.replaceAll(folder, ''), { cause: error })
    }
  }

  async function collect(path: string, { size, source }: MountRequest): Promise<void> {
    await using file = await attempt(open(path, 'wx', 0o444))
    let bytes = 0
    for await (const chunk of source()) {
      bytes += chunk.length
      await attempt(writeAll(file, chunk))
    }
    if (bytes !== size) throw new CargoRefused(`expected ${size} bytes, got ${bytes}`)
    await attempt(file.chmod(0o444))
  }

  async function mount(file: MountRequest): Promise<void> {
    const note = toUploadNote(file.path)
    const [target, noted] = [join(uploads, note.rest), join(notes, note.name)]
    const line = toNoteLine(note, file.sha256)
    if ((await readFile(noted, 'utf8').catch(() => '')) === line && (await isFile(target))) return
    await removeLeft(join(folder, 'cargo'))
    const [made, written] = [fresh(), fresh()]
    try {
      await collect(made, file)
      // A path that has another file now is no longer noted as having the one before.
      await attempt(rm(noted, { force: true }))
      await attempt(makeFolders(uploads, dirname(note.rest)))
      await attempt(rename(made, target))
      await attempt(writeFile(written, line))
      await attempt(rename(written, noted))
    } finally {
      for (const left of [made, written]) await rm(left, { force: true })
    }
  }

  async function unmount(path: string): Promise<void> {
    const { rest, name } = toUploadNote(path)
    await attempt(rm(join(uploads, rest), { force: true }))
    await attempt(rm(join(notes, name), { force: true }))
    await removeEmpty(uploads, dirname(rest))
  }

  async function mounted() {
    const names = await attempt(readdir(notes))
    const lines = await Promise.all(names.map((name) => readFile(join(notes, name), 'utf8').catch(() => '')))
    return parseNotes(lines.join(''))
  }

  return { ...createInsideCargo(access), mount, unmount, mounted }
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length;) at += (await file.write(chunk, at)).bytesWritten
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}

/** Whatever this process lets others do with what it makes. */
async function makeFolders(root: string, rest: string): Promise<void> {
  let path = root
  for (const name of rest === '.' ? [] : rest.split('/')) {
    path = join(path, name)
    try {
      await mkdir(path)
      await chmod(path, 0o755)
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIST') throw error
    }
  }
}

/** The folders of a file that is gone, as far as nothing else is in them. */
async function removeEmpty(root: string, rest: string): Promise<void> {
  for (let path = rest; path !== '.'; path = dirname(path)) {
    const isRemoved = await rmdir(join(root, path)).then(
      () => true,
      () => false,
    )
    if (!isRemoved) return
  }
}

async function removeLeft(folder: string): Promise<void> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.startsWith('new.'))
  for (const path of names.map((name) => join(folder, name))) {
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    )
    if (age > leftAfterMs) await rm(path, { force: true })
  }
}
