import { createHash } from 'node:crypto'
import type { Ask } from './exchange.ts'
import type { ReadRequest, ReadResult, Refusal, Sandbox, WriteRequest, WriteResult } from './sandbox.ts'

const wholeFile = [0, 0] as const

/** Single files of a sandbox. Writes are claimed by id like commands, under a lock: check and replacement are one step. */
export function createFiles(ask: Ask): Pick<Sandbox, 'read' | 'write'> {
  async function read({ path, maxBytes, lines, unlessWritten }: ReadRequest): Promise<ReadResult> {
    const [from, to] = lines === undefined ? wholeFile : [Math.max(1, lines[0]), lines[1]]
    const rest = [checkPath(path), maxBytes, from, to]
    const { words, stdout } = await ask({ verb: 'get', id: unlessWritten ?? '-', rest })
    if (words[0] === 'claimed') return { type: 'claimed' }
    if (words[0] === 'refused') return { type: 'refused', reason: toRefusal(words[1]) }
    return { type: 'file', bytes: stdout, size: Number(words[1]) }
  }

  async function write({ id, path, data, note, ifSha256 }: WriteRequest): Promise<WriteResult> {
    const hash = createHash('sha256').update(data).digest('hex')
    const rest = [checkPath(path), data.length, hash, ifSha256 ?? '', note]
    const { words, stdout } = await ask({ verb: 'put', id, rest, stdin: data })
    switch (words[0]) {
      case 'written':
        return { type: 'written', note: Buffer.from(stdout).toString(), first: words[1] === '1' }
      case 'refused':
        return { type: 'refused', reason: toRefusal(words[1]) }
      case 'conflict':
      case 'cancelled':
        return { type: words[0] }
      default:
        return { type: 'lost' }
    }
  }

  return { read, write }
}

function toRefusal(word: string | undefined): Refusal {
  // The script knows no other words.
  return word as Refusal
}

function checkPath(path: string): string {
  if (!path.startsWith('/') || /[\n\0]|\/\.{0,2}(\/|$)/.test(path.slice(path === '/' ? 1 : 0)))
    throw new Error(`expected a plain absolute path, got ${path}`)
  return path
}
