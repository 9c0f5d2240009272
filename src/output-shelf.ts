import type { OutputShelf } from './hands/collector.ts'
import type { FileContents, FileRow, FileStore } from './store/files.ts'
import { dropContent, storeContent } from './store/new-content.ts'
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
  const drop = (content: string) => dropContent({ files, contents }, content)
  return {
    known: (place) => outputs.known(place),
    gone: (place, paths) => outputs.forget(place, paths),
    drop: ({ content }) => drop(content),

    async take(sessionId, source) {
      const session = await sessions.find(sessionId)
      return session && storeContent({ files, contents }, session.workspaceId, source)
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
