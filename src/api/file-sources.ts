import type { Parcel } from '../history/blobs.ts'
import type { BlobRef } from '../session/entry.ts'
import type { FileRow } from '../store/files.ts'
import { ApiError } from '../wire/errors.ts'
import { DOCUMENT_DATA, base64Length, problemOfContent, problemOfFile } from '../wire/media.ts'
import type { UserEvent } from '../wire/types.ts'
import type { ApiContext, Caller } from './context.ts'
import { demandAlive } from './file-bytes.ts'

/** A source of the type `file` in a message or in the result of a call. */
interface Named {
  readonly event: number
  readonly path: BlobRef['path']
  readonly block: 'image' | 'document'
  readonly id: string
}

/**
 * A batch with a reference beside each source of the type `file`: the session keeps a copy of the file as it is now, so
 * what becomes of the file changes nothing for a conversation. Nothing is stored here.
 * @param field the batch's name in the request's body.
 * @throws ApiError 404 for a file that is not there or has expired, the same for one of another workspace; 400 for one
 * that no model reads as such a block; 413 for more than a model's request has room for.
 */
export async function referToFiles(
  { files, withFile }: Pick<ApiContext, 'files' | 'withFile'>,
  { workspaceId }: Caller,
  { parcel, field }: { readonly parcel: Parcel<UserEvent>; readonly field: string },
): Promise<Parcel<UserEvent>> {
  const named = parcel.kept.elements.flatMap(sourcesIn)
  if (named.length === 0) return parcel
  const rows = await files.readAll(workspaceId, [...new Set(named.map(({ id }) => id))])
  const found = named.map((source) => ({ source, file: judge(source, rows, field) }))
  const length = found.reduce((sum, { file }) => sum + base64Length(file.size), 0)
  if (length > DOCUMENT_DATA) {
    const message = `${field}: expected files of at most ${DOCUMENT_DATA} bytes of base64 together, got ${length}`
    throw new ApiError('too_large', message)
  }
  for (const file of new Set(found.map((one) => one.file))) {
    const problem = await withFile(file, async (bytes) => problemOfContent(file.mimeType, bytes))
    const source = found.find((one) => one.file === file)?.source
    if (problem !== null && source) throw refuse(field, source, problem)
  }
  const blobs: Record<number, readonly BlobRef[]> = { ...parcel.kept.blobs }
  for (const { source, file } of found) {
    const ref = { path: source.path, sha256: file.sha256, length: file.size, file: file.mimeType }
    blobs[source.event] = [...(blobs[source.event] ?? []), ref]
  }
  const give = (file: FileRow) => (store: (bytes: Uint8Array) => Promise<void>) => withFile(file, store)
  const given = new Map(found.map(({ file }) => [file.sha256, give(file)]))
  return { ...parcel, kept: { ...parcel.kept, blobs }, files: given }
}

const WITH_SOURCES = ['user.message', 'user.custom_tool_result', 'user.tool_result'] as const

function holdsSources(event: UserEvent): event is Extract<UserEvent, { type: (typeof WITH_SOURCES)[number] }> {
  return WITH_SOURCES.some((type) => type === event.type)
}

function sourcesIn(event: UserEvent, index: number): readonly Named[] {
  if (!holdsSources(event)) return []
  return (event.content ?? []).flatMap((block, at): Named[] => {
    if ((block.type !== 'image' && block.type !== 'document') || block.source.type !== 'file') return []
    return [{ event: index, path: ['content', at, 'source'], block: block.type, id: block.source.file_id }]
  })
}

function judge(source: Named, rows: readonly FileRow[], field: string): FileRow {
  const file = rows.find(({ id }) => id === source.id)
  if (!file) throw new ApiError('not_found', `${placeOf(field, source)}: no file ${source.id}`)
  demandAlive(file)
  const problem = problemOfFile(source.block, file.mimeType, file.size)
  if (problem !== null) throw refuse(field, source, problem)
  return file
}

function refuse(field: string, source: Named, problem: string): ApiError {
  return new ApiError('invalid_request', `${placeOf(field, source)}: ${problem} (${source.id})`)
}

function placeOf(field: string, { event, path }: Named): string {
  return [field, event, ...path, 'file_id'].join('.')
}
