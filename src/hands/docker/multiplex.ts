import type { ExecEnd } from '../exchange.ts'

const headerBytes = 8
const stderrStream = 2
/** Far above any cap of the runner's: output and file contents together, of one process. */
const mostBytes = 64 * 1024 * 1024

/** What comes until the end, or until it breaks off. Whoever sends more than 64 MiB is not listened to any longer. */
export async function readAll(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of stream) {
      // No encoding is set on it: it gives buffers.
      chunks.push(chunk as Buffer)
      bytes += chunk.length
      if (bytes > mostBytes) break
    }
  } catch {
    // A connection that broke: what an answer needs is missing, and that is all there is to know.
  }
  return Buffer.concat(chunks)
}

/** Takes the daemon's stream of frames apart: a byte for the stream, three of nothing, four for the length, the payload. */
export function demultiplex(bytes: Buffer): ExecEnd {
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  let at = 0
  while (at + headerBytes <= bytes.length) {
    const end = at + headerBytes + bytes.readUInt32BE(at + 4)
    const target = bytes[at] === stderrStream ? stderr : stdout
    target.push(bytes.subarray(at + headerBytes, end))
    at = end
  }
  return { stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }
}
