import { createHash, randomUUID } from 'node:crypto'
import type { OutputShelf } from './hands/collector.ts'
import type { FileContents, FileRow, FileStore } from './store/files.ts'
import type { Stores } from './store/postgres/stores.ts'
import type { SessionStore } from './store/sessions.ts'
import { toMediaType } from './wire/files.ts'
import { mintId } from './wire/mint.ts'

export interface OutputShelfParts {
  readonly stores: Pick<Stores, 'outputs'> & {
    readonly files: Pick<FileStore, 'begin' | 'forget'>
    readonly sessions: Pick<SessionStore, 'find'>
  }
  readonly contents: FileContents
}

/** Outputs of sandboxes as files of their sessions, to be downloaded. Nothing is kept for a session that was deleted. */
export function createOutputShelf({ stores: { files, outputs, sessions }, contents }: OutputShelfParts): OutputShelf {
  async function drop(content: string): Promise<void> {
    await contents.remove(content)
    await files.forget(content, new Date())
  }

  return {
    known: (place) => outputs.known(place),
    gone: (place, paths) => outputs.forget(place, paths),
    drop: ({ content }) => drop(content),

    async take(sessionId, source) {
      const session = await sessions.find(sessionId)
      if (!session) return null
      const content = randomUUID()
      await files.begin(session.workspaceId, content)
      const hash = createHash('sha256')
      let size = 0
      async function* measured(): AsyncGenerator<Uint8Array> {
        for await (const chunk of source) {
          size += chunk.length
          hash.update(chunk)
          yield chunk
        }
      }
      try {
        await contents.write(content, measured())
      } catch (error) {
        await drop(content)
        throw error
      }
      return { content, size, sha256: hash.digest('hex') }
    },

    async keep(place, output, { content, size, sha256 }) {
      const session = await sessions.find(place.sessionId)
      if (!session) return drop(content)
      const filename = nameOf(output.path)
      const file: FileRow = {
        id: mintId('file'),
        workspaceId: session.workspaceId,
        filename,
        mimeType: toMediaType(null, filename),
        size,
        sha256,
        downloadable: true,
        scopeId: place.sessionId,
        createdAt: new Date(),
        expiresAt: null,
        content,
      }
      if (!(await outputs.replace(place, output, file))) await drop(content)
    },
  }
}

/** The last name of the path, with what some system cannot hold made visible. */
function nameOf(path: string): string {
  return (path.split('/').at(-1) ?? '').replace(/[<>:"|?*\\\p{Cc}]/gu, '_')
}
