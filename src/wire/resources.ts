import { ApiError } from './errors.ts'
import { conflictOf, toFilePath, toRepositoryPath } from './mount-path.ts'
import type { SessionCreate, SessionResource } from './types.ts'

type Params = NonNullable<SessionCreate['resources']>[number]
export type FileParams = Extract<Params, { type: 'file' }>
export type RepositoryParams = Extract<Params, { type: 'github_repository' }>
type Shown<T extends SessionResource['type']> = Extract<SessionResource, { type: T }>

/** A repository as a session keeps it. Who may read it is kept apart. */
export type RepositoryResource = Omit<Shown<'github_repository'>, 'updated_at' | 'checkout'> & {
  readonly checkout: NonNullable<Shown<'github_repository'>['checkout']> | null
}
/** A file as a session keeps it: `file_id` is the session's own copy. */
export type FileResource = Omit<Shown<'file'>, 'updated_at'> & {
  /** Bytes. */
  readonly size: number
  /** Of the bytes, hexadecimal. */
  readonly sha256: string
}

/** Of one session; ours: each is cloned before the first call of a sandbox. */
export const MAX_REPOSITORIES = 20
/** Bytes of the paths of one session's resources together; ours: lists of sessions show them all. */
const MAX_PATHS = 256 * 1024

export interface ResourceContext {
  /** Of the resource. */
  readonly id: string
  /** RFC 3339. */
  readonly now: string
  /** The resource's name in the request's body; empty for the body itself. */
  readonly field: string
}

/** A file that is to be mounted, and the copy of it that the session is to have. */
export interface MountedCopy {
  readonly id: string
  readonly size: number
  readonly sha256: string
}

/** @throws ApiError 400 for a path that no file can have. */
export function toFile(params: FileParams, copy: MountedCopy, { id, now, field }: ResourceContext): FileResource {
  const mount_path = toFilePath(params.mount_path, copy.id, join(field, 'mount_path'))
  return { id, type: 'file', file_id: copy.id, mount_path, size: copy.size, sha256: copy.sha256, created_at: now }
}

/**
 * @param hosts where repositories may be, as URLs without a slash at the end.
 * @throws ApiError 400 for a URL elsewhere, which is not quoted because it may hold a secret, and for other paths than
 * those below the working folder.
 */
export function toRepository(
  params: RepositoryParams,
  hosts: readonly string[],
  { id, now, field }: ResourceContext,
): RepositoryResource {
  const { url, checkout = null } = params
  const base = hosts.find((host) => url.startsWith(`${host}/`))
  const [, name] = base === undefined ? [] : url.slice(base.length + 1).split('/')
  if (base === undefined || name === undefined || url.slice(base.length + 1) !== `${ownerOf(url)}/${name}`) {
    const expected = hosts.map((host) => `${host}/<owner>/<repo>`).join(' or ')
    throw new ApiError('invalid_request', `${join(field, 'url')}: expected ${expected} without .git`)
  }
  const mount_path = toRepositoryPath(params.mount_path, name, join(field, 'mount_path'))
  return { id, type: 'github_repository', url, mount_path, checkout, created_at: now }
}

function ownerOf(url: string): string {
  return url.split('/').at(-2) ?? ''
}

/** @throws ApiError 400 for paths that are too long together. */
export function refuseLength(resources: readonly { readonly mount_path: string }[]): void {
  const bytes = resources.reduce((sum, { mount_path: path }) => sum + Buffer.byteLength(path), 0)
  if (bytes <= MAX_PATHS) return
  const message = `resources: expected mount paths of at most ${MAX_PATHS} bytes together, got ${bytes}`
  throw new ApiError('invalid_request', message)
}

/** @throws ApiError 400 for two resources that cannot both be mounted. */
export function refuseConflicts(resources: readonly { readonly mount_path: string }[]): void {
  const pair = conflictOf(resources.map(({ mount_path: path }) => path))
  if (pair === null) return
  const [one, other] = pair
  const message = one === other ? `two of them are mounted at ${one}` : `${one} and ${other} exclude each other`
  throw new ApiError('invalid_request', `resources: ${message}`)
}

/** Why sessions of an environment whose sandboxes are its owner's have no resources. */
export function refusalOfSelfHosted(environment: string): ApiError {
  const message = `environment_id: ${environment} is self-hosted: its sessions take no file or github_repository resources`
  return new ApiError('invalid_request', message, { code: 'not_supported' })
}

/** What a client sees of a resource. `updatedAt` is RFC 3339: when its token was changed last, or when it was made. */
export function toShown(resource: FileResource | RepositoryResource, updatedAt: string): SessionResource {
  const { id, mount_path, created_at } = resource
  const times = { created_at, updated_at: updatedAt }
  if (resource.type === 'file') return { id, type: 'file', file_id: resource.file_id, mount_path, ...times }
  const { url, checkout } = resource
  return { id, type: 'github_repository', url, mount_path, checkout, ...times }
}

function join(field: string, name: string): string {
  return field === '' ? name : `${field}.${name}`
}
