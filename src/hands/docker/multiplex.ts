import { Transform } from 'node:stream'
import type { ExecEnd } from '../exec.ts'

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

/** The same while it goes on: what comes out is stdout, and `hear` gets stderr. */
export function createDemultiplexer(hear: (chunk: Buffer) => void = () => {}): Transform {
  let header = Buffer.alloc(0)
  let left = 0
  let isStderr = false
  return new Transform({
    transform(chunk: Buffer, _, done) {
      let rest = chunk
      while (rest.length > 0) {
        if (left === 0) {
          const missing = headerBytes - header.length
          header = Buffer.concat([header, rest.subarray(0, missing)])
          rest = rest.subarray(missing)
          if (header.length < headerBytes) break
          left = header.readUInt32BE(4)
          isStderr = header[0] === stderrStream
          header = Buffer.alloc(0)
          continue
        }
        if (isStderr) hear(rest.subarray(0, left))
        else this.push(rest.subarray(0, left))
        const taken = Math.min(left, rest.length)
        rest = rest.subarray(taken)
        left -= taken
      }
      done()
    },
  })
}
