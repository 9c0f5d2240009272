import { ApiError } from './errors.ts'

/** Where files of the user are in a sandbox, and nothing else is. */
const UPLOADS = '/mnt/session/uploads'
const WORKSPACE = '/workspace'

/** Bytes of a path and of one of its names, as Linux takes them. */
const LONGEST = { path: 4_095, name: 255 } as const
const CONTROL = /\p{Cc}/u
/** What the working folder holds beside what the agent puts there: long outputs, and what is about to come in. */
const OURS = /^\.(?:longhand|outputs$)/

/**
 * The path of a file in a sandbox. What a client gives is rooted below the uploads, so `/data.csv` and `data.csv` are the
 * same; null or nothing is the file's id.
 * @param field the path's name in the request's body.
 * @throws ApiError 400 for what is no path of a file.
 */
export function toFilePath(given: string | null | undefined, fileId: string, field: string): string {
  const path = given ?? fileId
  const relative = path.startsWith(`${UPLOADS}/`) ? path.slice(UPLOADS.length) : path
  return demandPath(UPLOADS, relative.replace(/^\//, ''), field)
}

/**
 * The path of a repository in a sandbox: below the working folder; by default its name there.
 * @throws ApiError 400 for any other path.
 */
export function toRepositoryPath(given: string | null | undefined, name: string, field: string): string {
  const path = given ?? `${WORKSPACE}/${name}`
  const isBelow = path.startsWith(`${WORKSPACE}/`)
  const relative = path.slice(WORKSPACE.length + 1)
  if (isBelow && !OURS.test(relative.split('/', 1)[0] ?? '')) return demandPath(WORKSPACE, relative, field)
  const expected = isBelow ? 'a path that is not the server’s own' : `a path below ${WORKSPACE}`
  throw new ApiError('invalid_request', `${field}: expected ${expected}, got ${quote(path)}`)
}

function demandPath(root: string, relative: string, field: string): string {
  const path = `${root}/${relative}`
  const problem = problemOf(path, relative.split('/'))
  if (problem === null) return path
  throw new ApiError('invalid_request', `${field}: expected ${problem}, got ${quote(relative)}`)
}

function problemOf(path: string, names: readonly string[]): string | null {
  if (names.some((name) => name === '' || name === '.' || name === '..')) return 'a path without empty names, . and ..'
  if (CONTROL.test(path)) return 'a path without control characters'
  if (Buffer.byteLength(path) > LONGEST.path) return `at most ${LONGEST.path} bytes`
  const isLong = names.some((name) => Buffer.byteLength(name) > LONGEST.name)
  return isLong ? `names of at most ${LONGEST.name} bytes` : null
}

/** Two of the paths that exclude each other: the same, or one of them a folder on the way to the other; null: none. */
export function conflictOf(paths: readonly string[]): readonly [string, string] | null {
  // With the slash whatever lies in a folder stands right behind it, before anything else.
  const ordered = paths.map((path) => `${path}/`).toSorted()
  const at = ordered.findIndex((path, index) => ordered[index + 1]?.startsWith(path))
  const pair = at < 0 ? [] : ordered.slice(at, at + 2)
  const [outer, inner] = pair.map((path) => path.slice(0, -1))
  return outer === undefined || inner === undefined ? null : [outer, inner]
}

function quote(path: string): string {
  return JSON.stringify(path.length > 40 ? `${path.slice(0, 40)}…` : path)
}
