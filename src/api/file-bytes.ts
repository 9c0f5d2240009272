import type { FileContents, FileRow, FileStore } from '../store/files.ts'
import { verified } from '../store/verified.ts'
import { ApiError } from '../wire/errors.ts'

/** Files that stand in memory whole at once, in all requests of the process. */
const AT_ONCE = 4

export interface FilePorts {
  readonly contents: Pick<FileContents, 'open'>
  readonly files: Pick<FileStore, 'read'>
}

/**
 * A file's bytes, which are known to be its when the last of them comes: altered ones end in an error before that.
 * @throws ApiError 404 for a file that has expired or was deleted meanwhile, 500 for one whose bytes are gone or altered.
 */
export async function openFile(
  { contents, files }: FilePorts,
  file: FileRow,
): Promise<AsyncGenerator<Uint8Array, void, undefined>> {
  demandAlive(file)
  const stream = file.content === null ? null : await contents.open(file.content)
  if (stream) return verified(stream, file.sha256, () => lost(file))
  throw (await files.read(file.workspaceId, file.id)) ? lost(file) : missingFile(file.id)
}

/** The same for a missing id and for one of another workspace. */
export function missingFile(id: string): ApiError {
  return new ApiError('not_found', `No file ${id}.`)
}

/** @throws ApiError 404 for a file that has expired, whether or not its bytes are gone yet. */
export function demandAlive({ id, expiresAt }: FileRow): void {
  if (expiresAt === null || expiresAt.getTime() > Date.now()) return
  const message = `The file ${id} expired at ${expiresAt.toISOString()}; upload it again.`
  throw new ApiError('not_found', message, { code: 'file_expired' })
}

function lost({ id }: FileRow): ApiError {
  const message = `The file ${id} cannot be read: store: its bytes are missing or damaged.`
  return new ApiError('api_error', message, { code: 'content_lost', shouldRetry: false })
}

/** Calls `use` with all bytes of a file, which are forgotten once it is done. Meant for files that a model reads. */
export type WithFile = <T>(file: FileRow, use: (bytes: Buffer) => Promise<T>) => Promise<T>

/** For one process: however many ask at once, few files are in memory, and the others wait. */
export function createWithFile(ports: FilePorts): WithFile {
  const waiting: (() => void)[] = []
  let free = AT_ONCE
  return async (file, use) => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      const chunks: Uint8Array[] = []
      for await (const chunk of await openFile(ports, file)) chunks.push(chunk)
      return await use(Buffer.concat(chunks))
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free++
    }
  }
}
