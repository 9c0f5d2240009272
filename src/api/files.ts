import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { FileRow } from '../store/files.ts'
import { dropContent } from '../store/new-content.ts'
import { ApiError } from '../wire/errors.ts'
import { PAGE_SIZES } from '../wire/limits.ts'
import { mintId } from '../wire/mint.ts'
import type { CursorPage } from '../wire/pages.ts'
import { decodeCursor, encodeCursor, toPage } from '../wire/pages.ts'
import type { FileMetadata } from '../wire/types.ts'
import { admit, markAnswered, recall } from './admission.ts'
import type { ApiContext, Caller } from './context.ts'
import { fromCreated, isCreatedPosition } from './created.ts'
import { missingFile, openFile } from './file-bytes.ts'
import type { Upload } from './upload.ts'
import { receiveUpload } from './upload.ts'

type ById = { Params: { id: string } }

export function fileRoutes(app: FastifyInstance, context: ApiContext): void {
  // In a scope of its own: everywhere else a body is JSON and is read before its route sees it.
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _body, done) => done(null))
    scope.post('/v1/files', (request, reply) => createFile(context, request, reply))
  })

  app.get('/v1/files', ({ query, caller }) => listFiles(context, query, caller))

  app.get<ById>('/v1/files/:id', async ({ params: { id }, caller }) => toMetadata(await readFile(context, caller, id)))

  app.get<ById>('/v1/files/:id/content', async ({ params: { id }, caller }, reply) => {
    const file = await readFile(context, caller, id)
    if (!file.downloadable) {
      const message = `The file ${id} was uploaded; only files that a session has made can be downloaded.`
      throw new ApiError('invalid_request', message, { code: 'file_not_downloadable' })
    }
    const bytes = await openFile(context, file)
    reply.raw.once('close', () => void bytes.return())
    // What is wrong with them from the start is an answer of its own, not one that breaks off.
    const first = await bytes.next()
    // Whatever it is, no browser is to run it.
    reply.headers({
      'content-type': file.mimeType,
      'content-length': file.size,
      'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.filename).replaceAll("'", '%27')}`,
      'x-content-type-options': 'nosniff',
    })
    return reply.send(Readable.from(startingWith(first, bytes), { objectMode: false }))
  })

  app.delete<ById>('/v1/files/:id', async ({ params: { id }, caller }) => {
    const deleted = await context.files.delete(caller.workspaceId, id)
    if (!deleted) return missing(id)
    // The file is gone whatever follows: what fails here is finished later.
    if (deleted.content !== null) await Promise.allSettled([dropContent(context, deleted.content)])
    return { id, type: 'file_deleted' }
  })
}

async function* startingWith<T>(first: IteratorResult<T, void>, rest: AsyncIterable<T>): AsyncGenerator<T> {
  if (first.done !== true) yield first.value
  yield* rest
}

/** A request that repeats one is answered with the file that the first one made, unless that was deleted. */
async function createFile(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<FileMetadata> {
  const upload = await receiveUpload(context, request.caller.workspaceId, request.raw)
  const { content, ...said } = upload
  let file: FileRow | null = null
  let isOffered = false
  try {
    // What tells one upload from another, for those that are sent again: forms have boundaries of chance.
    request.bodyHash = createHash('sha256').update(JSON.stringify(said)).digest('hex')
    const submission = { request, reply, target: 'files' }
    const earlier = await recall(context, submission)
    if (earlier && earlier.state !== 'begun') {
      markAnswered(context.ingress, submission, earlier)
      file = await readFile(context, request.caller, earlier.ids[0] ?? '')
      return toMetadata(file)
    }
    const { id: row, ids } = await admit(context, submission, () => [mintId('file')])
    isOffered = true
    file = await context.files.create(toRow(upload, { id: ids[0] ?? '', workspaceId: request.caller.workspaceId }))
    await context.ingress.accepted(row)
    return toMetadata(file)
  } finally {
    // An offer without an answer may have been taken: then its bytes are a file's, or found to be spare later.
    const isSpare = file ? file.content !== content : !isOffered
    if (isSpare) await Promise.allSettled([dropContent(context, content)])
  }
}

function toRow({ expiresIn, ...upload }: Upload, about: Pick<FileRow, 'id' | 'workspaceId'>): FileRow {
  const createdAt = new Date()
  const expiresAt = expiresIn === null ? null : new Date(createdAt.getTime() + expiresIn * 1000)
  return { ...about, ...upload, downloadable: false, scopeId: null, createdAt, expiresAt }
}

async function listFiles(
  { validator, files }: Pick<ApiContext, 'validator' | 'files'>,
  query: unknown,
  { workspaceId }: Caller,
): Promise<CursorPage<FileMetadata>> {
  const { 'ids[]': ids, scope_id: scopeId, page: cursor, ...params } = validator.parseQuery('files.list', query)
  if (ids) {
    const named = await files.readAll(workspaceId, [...new Set(ids)])
    const data = named.filter((file) => scopeId === undefined || file.scopeId === scopeId).map(toMetadata)
    return { data, next_page: null }
  }
  const scope = { workspaceId, resource: 'files', order: 'desc' } as const
  const limit = params.limit ?? PAGE_SIZES['files.list'].default
  const rows = await files.list(workspaceId, {
    limit: limit + 1,
    ...(cursor ? { from: fromCreated(decodeCursor(scope, cursor, isCreatedPosition)) } : {}),
    ...(scopeId === undefined ? {} : { scopeId }),
  })
  const cursorAfter = ({ createdAt, id }: FileRow): string => encodeCursor(scope, [createdAt.toISOString(), id])
  const page = toPage({ rows, limit, cursorAfter })
  return { ...page, data: page.data.map(toMetadata) }
}

async function readFile({ files }: Pick<ApiContext, 'files'>, caller: Caller, id: string): Promise<FileRow> {
  return (await files.read(caller.workspaceId, id)) ?? missing(id)
}

function missing(id: string): never {
  throw missingFile(id)
}

function toMetadata(file: FileRow): FileMetadata {
  return {
    id: file.id,
    type: 'file',
    filename: file.filename,
    mime_type: file.mimeType,
    size_bytes: file.size,
    created_at: file.createdAt.toISOString(),
    downloadable: file.downloadable,
    expires_at: file.expiresAt?.toISOString() ?? null,
    scope: file.scopeId === null ? null : { type: 'session', id: file.scopeId },
  }
}
