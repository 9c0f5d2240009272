import type { Extract, Header, Pack } from 'tar-stream'
import { extract, pack } from 'tar-stream'
import { TooLarge } from './cargo.ts'

/** What is packed: of a header as much as it takes. */
type NewHeader = Parameters<Pack['entry']>[0] & { readonly pax?: Readonly<Record<string, string>> }

/** What has passed so far. */
export interface Passed {
  /** Files, folders and links. */
  entries: number
  /** Of the tar that comes out. */
  bytes: number
  /** Entries that were left out. */
  leftOut: number
}

export interface GatedTar {
  readonly tar: AsyncIterable<Uint8Array>
  /** Complete once `tar` was read to its end. */
  readonly passed: Readonly<Passed>
}

export interface GateLimits {
  /** Bytes of the tar that comes out. */
  readonly most: number
}

const agentId = 1000
const mostEntries = 1_000_000
const longestPath = 4_095
const longestName = 255
/** What the packer can write into a header, in seconds. */
const latest = 2 ** 31 - 1

/**
 * What of a tar may go into a workspace, as a tar again: files, folders, symbolic links and links among its own files,
 * all below one folder and the agent's. Everything else is left out. The tar was made where the agent could have a hand
 * in it: nothing of it is believed. Rejects with `TooLarge`, and when it breaks off or is no tar.
 */
export function gateTar(source: AsyncIterable<Uint8Array>, limits: GateLimits): GatedTar {
  const passed: Passed = { entries: 0, bytes: 0, leftOut: 0 }
  return { tar: pass(source, limits, passed), passed }
}

async function* pass(source: AsyncIterable<Uint8Array>, { most }: GateLimits, passed: Passed) {
  const [input, output] = [extract(), pack()]
  const fed = feed(source, input)
  const moved = move(input, output, passed)
  // Its reason comes out of `output`, too; read below, it must not count as read by nobody until then.
  moved.catch(() => {})
  try {
    for await (const chunk of bytesOf(output)) {
      passed.bytes += chunk.length
      if (passed.bytes > most) throw new TooLarge(`expected at most ${most} bytes of tar`)
      yield chunk
    }
    await Promise.all([fed, moved])
  } finally {
    input.destroy()
    output.destroy()
    // Whichever of them ended it has told its reason above.
    await moved.catch(() => {})
  }
}

async function feed(source: AsyncIterable<Uint8Array>, input: Extract): Promise<void> {
  try {
    for await (const chunk of source) if (!(await send(input, chunk))) return
    input.end(null)
  } catch (error) {
    input.destroy(error instanceof Error ? error : new Error(String(error)))
  }
}

async function move(input: Extract, output: Pack, passed: Passed): Promise<void> {
  const admit = createAdmission()
  try {
    for await (const entry of input) {
      const header = admit(entry.header)
      if (header === 'root') entry.resume()
      else if (header === null) {
        passed.leftOut++
        entry.resume()
      } else {
        passed.entries++
        if (passed.entries > mostEntries) throw new TooLarge(`expected at most ${mostEntries} entries in the tar`)
        await copy(entry, header, output)
      }
    }
    output.finalize()
  } catch (error) {
    output.destroy(error instanceof Error ? error : new Error(String(error)))
    throw error
  }
}

async function copy(entry: AsyncIterable<unknown>, header: NewHeader, output: Pack): Promise<void> {
  const written = new Promise<void>((resolve, reject) => {
    const sink = output.entry(header, (error) => (error ? reject(error) : resolve()))
    // Told by the callback too; without a reader here it would be thrown at everybody.
    sink.on('error', reject)
    const fill = async () => {
      for await (const chunk of bytesOf(entry)) if (!(await send(sink, chunk))) return
      sink.end(null)
    }
    fill().catch(reject)
  })
  await written
}

/** Without an encoding, these streams give bytes alone, which their types do not say. */
function bytesOf(stream: AsyncIterable<unknown>): AsyncIterable<Uint8Array> {
  return stream as AsyncIterable<Uint8Array>
}

/** False when nobody takes it any more. */
async function send(to: Extract | ReturnType<Pack['entry']>, chunk: Uint8Array): Promise<boolean> {
  if (to.destroyed) return false
  if (to.write(chunk)) return true
  return new Promise((resolve) => {
    const settle = () => {
      to.off('drain', settle)
      to.off('close', settle)
      resolve(!to.destroyed)
    }
    to.on('drain', settle)
    to.on('close', settle)
  })
}

/** Decides about one entry after the other: what comes out of it, null for nothing, `root` for the folder itself. */
function createAdmission(): (header: Header) => NewHeader | 'root' | null {
  const links = new Set<string>()
  const leftOut = new Set<string>()

  /** Whether the path leads through a link, which may point anywhere. */
  const isBehindLink = (path: string) => links.size > 0 && foldersOf(path).some((folder) => links.has(folder))

  function toHeader({ type, mode, size, linkname, ...dated }: Header, name: string): NewHeader | null {
    const common = { name, ...toDate(dated), uid: agentId, gid: agentId, uname: '', gname: '' }
    const permissions = mode & 0o777
    switch (type) {
      case 'file':
      case 'contiguous-file':
        return { ...common, type: 'file', mode: permissions, size }
      case 'directory':
        // Closed to its owner, it could neither be filled nor be put in its place.
        return { ...common, type: 'directory', mode: permissions | 0o700, size: 0 }
      case 'symlink':
        return isText(linkname) ? { ...common, type: 'symlink', mode: 0o777, size: 0, linkname } : null
      case 'link': {
        const target = isText(linkname) ? toPath(linkname) : null
        if (target === null || target === '' || leftOut.has(target) || isBehindLink(target)) return null
        return { ...common, type: 'link', mode: permissions, size: 0, linkname: target }
      }
      default:
        return null
    }
  }

  return (header) => {
    const name = toPath(header.name)
    if (name === '') return 'root'
    if (name === null) return null
    const isIn = !links.has(name) && !isBehindLink(name) && !name.startsWith('.longhand-')
    const admitted = isIn ? toHeader(header, name) : null
    if (admitted === null) leftOut.add(name)
    // A link to a link is one, too.
    if (admitted?.type === 'symlink' || links.has(admitted?.linkname ?? '')) links.add(name)
    return admitted
  }
}

/** Dates that a header cannot have are in a record before it; the one in a record of the source is the exact one. */
function toDate({ mtime, pax }: Pick<Header, 'mtime' | 'pax'>): Pick<NewHeader, 'mtime' | 'pax'> {
  const seconds = (mtime?.getTime() ?? 0) / 1000 || 0
  const exact = typeof pax === 'object' && pax !== null && 'mtime' in pax ? String(pax.mtime) : ''
  const wanted = /^-?\d{1,12}(?:\.\d{1,9})?$/.test(exact) ? exact : String(Math.floor(seconds))
  const near = Math.min(Math.max(Math.floor(Number(wanted)), 0), latest)
  return { mtime: new Date(near * 1000), ...(String(near) === wanted ? {} : { pax: { mtime: wanted } }) }
}

/** Relative, without `.` and doubled slashes; '' for the folder itself, null when it leads outside or cannot be a path. */
function toPath(name: string): string | null {
  if (!isText(name) || name.startsWith('/') || Buffer.byteLength(name) > longestPath) return null
  const segments = name.split('/').filter((segment) => segment !== '' && segment !== '.')
  if (segments.some((segment) => segment === '..' || Buffer.byteLength(segment) > longestName)) return null
  return segments.join('/')
}

/** U+FFFD stands for bytes that are no UTF-8: what was meant is not known. */
function isText(text: string | null | undefined): text is string {
  return typeof text === 'string' && text !== '' && !/[\0\uFFFD]/.test(text)
}

function foldersOf(path: string): string[] {
  const segments = path.split('/').slice(0, -1)
  return segments.map((_, at) => segments.slice(0, at + 1).join('/'))
}
