import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { demultiplex, readAll } from '../../../src/hands/docker/multiplex.ts'

function frame(stream: number, text: string): Buffer {
  const header = Buffer.alloc(8)
  header[0] = stream
  header.writeUInt32BE(Buffer.byteLength(text), 4)
  return Buffer.concat([header, Buffer.from(text)])
}

describe('the stream of an exec', () => {
  test('is taken apart whatever its frames and chunks are', async () => {
    const bytes = Buffer.concat([frame(1, 'o\0ut'), frame(2, 'err'), frame(1, ''), frame(1, 'ü'), frame(2, 'or\n')])
    for (const size of [1, 7, 1000]) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      )
      const { stdout, stderr } = demultiplex(await readAll(Readable.from(chunks)))
      expect([Buffer.from(stdout).toString(), stderr]).toEqual(['o\0utü', 'error\n'])
    }
  })

  test('gives what came when it breaks off, in a frame or with an error', async () => {
    async function* broken() {
      yield await Promise.resolve(Buffer.concat([frame(1, 'first'), frame(1, 'second').subarray(0, 10)]))
      throw new Error('ECONNRESET')
    }
    expect(Buffer.from(demultiplex(await readAll(Readable.from(broken()))).stdout).toString()).toBe('firstse')
  })

  test('is not listened to without end', async () => {
    const chunk = Buffer.alloc(8 * 1024 * 1024)
    async function* endless() {
      for (;;) yield await Promise.resolve(chunk)
    }
    expect((await readAll(Readable.from(endless()))).length).toBe(9 * chunk.length)
  })
})
