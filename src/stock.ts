import type { Stock } from './hands/stock.ts'
import { StockDamaged } from './hands/stock.ts'
import type { FileContents } from './store/files.ts'
import type { Stores } from './store/postgres/stores.ts'
import { verified } from './store/verified.ts'

/** What sandboxes are filled from: files of the session's workspace, copies of workspaces, outputs that were kept. */
export function createStock(
  { sessions, files, outputs }: Pick<Stores, 'sessions' | 'files' | 'outputs'>,
  contents: Pick<FileContents, 'open'>,
): Stock {
  async function open(content: string | null | undefined, sha256: string): Promise<AsyncIterable<Uint8Array> | null> {
    const bytes = content == null ? null : await contents.open(content)
    return bytes && verified(bytes, sha256, () => new StockDamaged('the bytes are not those that were stored'))
  }

  return {
    async openFile(sessionId, { file, sha256 }) {
      const session = await sessions.find(sessionId)
      const row = session && (await files.read(session.workspaceId, file))
      return open(row?.content, sha256)
    },
    openCopy: ({ content, sha256 }) => open(content, sha256),
    outputs: (sessionId, hand) => outputs.kept({ sessionId, hand }),
  }
}
