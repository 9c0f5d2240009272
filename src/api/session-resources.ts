import type { ResourceEntry } from '../session/entry.ts'
import type { LogState } from '../session/state.ts'
import { placeOfSecret } from '../store/resource-secrets.ts'
import type { ResourceRow } from '../store/session-resources.ts'
import type { ConfiguredMount, ConfiguredRecipe, SessionRow } from '../store/sessions.ts'
import { ApiError } from '../wire/errors.ts'
import type { FileParams, RepositoryParams } from '../wire/resources.ts'
import { refuseConflicts, refuseLength, toFile, toRepository, toShown } from '../wire/resources.ts'
import type { SessionCreate, SessionResource } from '../wire/types.ts'
import type { ApiContext, Caller } from './context.ts'
import { demandAlive } from './file-bytes.ts'

type Ports = Pick<ApiContext, 'files' | 'repositoryHosts' | 'resources' | 'resourceSecrets' | 'secrets'>
type Owner = Pick<SessionRow, 'id' | 'workspaceId'>

/** A resource that a session is to have, the ids that it gets, and its name in the request's body. */
export interface Wanted {
  readonly params: FileParams | RepositoryParams
  /** `sesrsc_…` */
  readonly id: string
  /** Of the session's own copy of a file. */
  readonly file: string
  readonly field: string
}

/** The resources of a create request, each with two of the ids, which are for the resource and for a copy. */
export function toWanted({ resources = [] }: SessionCreate, ids: readonly string[]): readonly Wanted[] {
  return resources.flatMap((params, at) => {
    if (params.type === 'memory_store') return []
    const [id = '', file = ''] = ids.slice(2 * at, 2 * at + 2)
    return [{ params, id, file, field: `resources.${at}` }]
  })
}

/**
 * Looks at all that can be wrong with them; nothing is stored.
 * @throws ApiError 404 for a file that is not there or has expired, the same for one of another workspace; 400 for
 * everything else.
 */
export async function judgeResources(ports: Ports, { workspaceId }: Caller, wanted: readonly Wanted[]): Promise<void> {
  const named = wanted.flatMap(({ params }) => (params.type === 'file' ? [params.file_id] : []))
  const found = await ports.files.readAll(workspaceId, [...new Set(named)])
  const files = new Map(found.map((file) => [file.id, file]))
  for (const { params, field } of wanted) {
    if (params.type !== 'file') refuseToken(ports, params, field)
    else demandAlive(files.get(params.file_id) ?? missing(params.file_id, field))
  }
  const entries = wanted.map((one) => toEntry(ports, one, UNKNOWN))
  refuseLength(entries)
  refuseConflicts(entries)
}

/** Resources that the agent is told of by name, and the characters of their paths together. */
const NAMED = { most: 50, characters: 8_000 } as const

/** Where the session has them, as its agent is told before anything else: of many the first, repositories before files. */
export function toMounts(ports: Ports, wanted: readonly Wanted[]): Pick<ConfiguredRecipe, 'mounts' | 'moreMounts'> {
  const entries = wanted.map((one) => toEntry(ports, one, UNKNOWN))
  const ordered = [
    ...entries.filter(({ type }) => type === 'github_repository'),
    ...entries.filter(({ type }) => type === 'file'),
  ]
  let characters = 0
  const mounts = ordered
    .slice(0, NAMED.most)
    .filter(({ mount_path: path }) => (characters += path.length) <= NAMED.characters)
    .map((entry): ConfiguredMount => {
      const { mount_path: path } = entry
      return entry.type === 'file' ? { path } : { path, url: entry.url, checkout: entry.checkout }
    })
  const more = ordered.length - mounts.length
  return { ...(mounts.length > 0 ? { mounts } : {}), ...(more > 0 ? { moreMounts: more } : {}) }
}

/**
 * Copies the files, writes the index and seals the tokens of a session that is about to start; repeating it changes
 * nothing. Answers the resources as the first try has stored them.
 * @throws ApiError 404 for a file that was deleted meanwhile.
 */
export async function storeResources(
  ports: Ports,
  session: Owner,
  wanted: readonly Wanted[],
): Promise<readonly ResourceRow[]> {
  if (wanted.length === 0) return []
  const { id: sessionId, workspaceId } = session
  const now = new Date()
  const entries = await copyFiles(ports, session, { wanted, now: now.toISOString() })
  await ports.resources.create(entries.map((resource) => ({ workspaceId, sessionId, resource, updatedAt: now })))
  for (const { id, params } of wanted) {
    if (params.type === 'github_repository' && params.authorization_token !== undefined)
      await sealToken(ports, session, { resource: id, token: params.authorization_token })
  }
  const ids = wanted.map(({ id }) => id)
  const rows = new Map((await ports.resources.of(sessionId, ids)).map((row) => [row.resource.id, row]))
  return wanted.flatMap(({ id }) => rows.get(id) ?? [])
}

/**
 * The resources as the log is to have them, each file copied for the session; `now` is RFC 3339.
 * @throws ApiError 404 for a file that is not there any more.
 */
export async function copyFiles(
  ports: Pick<Ports, 'files' | 'repositoryHosts'>,
  { id, workspaceId }: Owner,
  { wanted, now }: { readonly wanted: readonly Wanted[]; readonly now: string },
): Promise<readonly ResourceEntry[]> {
  const copies = wanted.flatMap(({ params, file }) =>
    params.type === 'file' ? [{ id: file, original: params.file_id }] : [],
  )
  const made = new Map((await ports.files.copy(workspaceId, id, copies)).map((file) => [file.id, file]))
  return wanted.map((one) => {
    const { params, field } = one
    const copy = params.type === 'file' ? (made.get(one.file) ?? missing(params.file_id, field)) : UNKNOWN
    return toEntry(ports, one, { ...copy, now })
  })
}

interface About {
  readonly size: number
  readonly sha256: string
  readonly now: string
}

/** Of a repository, and of what is not stored yet. */
const UNKNOWN: About = { size: 0, sha256: '', now: '' }

function toEntry(
  { repositoryHosts }: Pick<Ports, 'repositoryHosts'>,
  { params, id, file, field }: Wanted,
  { size, sha256, now }: About,
): ResourceEntry {
  const about = { id, now, field }
  return params.type === 'file'
    ? toFile(params, { id: file, size, sha256 }, about)
    : toRepository(params, repositoryHosts, about)
}

function missing(file: string, field: string): never {
  throw new ApiError('not_found', `${field === '' ? '' : `${field}.`}file_id: no file ${file}`)
}

/** @throws ApiError 400 for a token that nobody could keep. */
function refuseToken({ secrets }: Ports, { authorization_token: token }: RepositoryParams, field: string): void {
  if (token !== undefined && secrets === null) throw refusalOfToken(`${field}.authorization_token`)
}

function refusalOfToken(field: string): ApiError {
  const message = `${field}: this server keeps no secrets: set LONGHAND_SECRETS_KEY`
  return new ApiError('invalid_request', message, { code: 'not_supported' })
}

/**
 * Puts a token in the place of the one before.
 * @throws ApiError 400 where the server has no key to keep it under.
 */
export async function sealToken(
  { secrets, resourceSecrets }: Pick<Ports, 'secrets' | 'resourceSecrets'>,
  { id: sessionId, workspaceId }: Owner,
  { resource: resourceId, token }: { readonly resource: string; readonly token: string },
): Promise<void> {
  if (secrets === null) throw refusalOfToken('authorization_token')
  const owner = { workspaceId, sessionId, resourceId }
  await resourceSecrets.put(owner, (version) => secrets.seal(token, placeOfSecret({ ...owner, version })))
}

/** The resources that a session has by its log, in the order of that. */
export async function readResources(
  { resources }: Pick<Ports, 'resources'>,
  session: string,
  { resources: ids = [] }: Pick<LogState, 'resources'>,
): Promise<readonly ResourceRow[]> {
  if (ids.length === 0) return []
  const rows = new Map((await resources.of(session, ids)).map((row) => [row.resource.id, row]))
  return ids.flatMap((id) => rows.get(id) ?? [])
}

export function showResource({ resource, updatedAt }: ResourceRow): SessionResource {
  return toShown(resource, updatedAt.toISOString())
}
