import type { Header } from 'tar-stream'
import { extract, pack } from 'tar-stream'

/** An entry of a tar; a file's size is that of its text. */
export type TarEntry = Partial<Header> & { readonly name: string; readonly text?: string }

/** A tar of these entries, as they are. */
export async function makeTar(...entries: readonly TarEntry[]): Promise<Buffer> {
  const output = pack()
  for (const { text, ...header } of entries) {
    if (text === undefined) output.entry(header)
    else output.entry(header, text)
  }
  output.finalize()
  return gather(output)
}

/** What is in a tar: of each entry what a test compares, files with their text. */
export async function readTar(tar: Buffer) {
  const input = extract()
  input.end(tar)
  const found = []
  for await (const entry of input) {
    const { name, type, mode, uid, gid, linkname } = entry.header
    const link = linkname ? { linkname } : {}
    const body = (await gather(entry)).toString()
    found.push({ name, type, mode, uid, gid, ...link, ...(type === 'file' ? { text: body } : {}) })
  }
  return found
}

/** As pieces of at most so many bytes. */
export async function* inPieces(bytes: Uint8Array, size = 65_536): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

export async function gather(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  // Streams of bytes alone are gathered.
  for await (const chunk of stream) chunks.push(chunk as Uint8Array)
  return Buffer.concat(chunks)
}
