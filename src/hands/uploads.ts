import { createHash } from 'node:crypto'
import type { MountedFile } from './cargo.ts'
import { CargoRefused } from './cargo.ts'

const root = '/mnt/session/uploads/'
const longestPath = 4_095
const longestName = 255

/** An upload as the notes of a sandbox have it. One note is one file, so that none is half written. */
export interface UploadNote {
  /** The path below the folder of uploads. */
  readonly rest: string
  /** Of the note's file: the SHA-256 of the path, hexadecimal. */
  readonly name: string
}

/** Throws `CargoRefused` for a path at which no upload can be. */
export function toUploadNote(path: string): UploadNote {
  const rest = below(root, path)
  if (/\p{Cc}/u.test(rest)) throw new CargoRefused(`no upload can be at ${JSON.stringify(path)}`)
  return { rest, name: createHash('sha256').update(rest).digest('hex') }
}

/** The line that a note holds. */
export function toNoteLine({ rest }: UploadNote, sha256: string): string {
  return `${sha256} ${rest}\n`
}

/** Reads lines of notes, in the order of their paths. */
export function parseNotes(lines: string): MountedFile[] {
  const found = lines.split('\n').map((line) => /^([0-9a-f]{64}) (.+)$/s.exec(line))
  const files = found.flatMap((match) =>
    match === null ? [] : [{ path: `${root}${match[2]}`, sha256: match[1] ?? '' }],
  )
  return files.toSorted((one, other) => (one.path < other.path ? -1 : 1))
}

/** What is behind the root, which ends with a slash. Throws `CargoRefused` for what cannot be a file there. */
export function below(folder: string, path: string): string {
  const rest = path.slice(folder.length)
  const segments = rest.split('/')
  const isWrong = segments.some((name) => ['', '.', '..'].includes(name) || Buffer.byteLength(name) > longestName)
  if (!path.startsWith(folder) || isWrong || rest.includes('\0') || Buffer.byteLength(path) > longestPath)
    throw new CargoRefused(`no file can be at ${JSON.stringify(path.slice(0, 200))}`)
  return rest
}
