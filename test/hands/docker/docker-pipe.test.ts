import { once } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { toPipe } from '../../../src/hands/docker/docker-pipe.ts'
import { gather } from '../tar-builders.ts'
import { openSocketPair } from './socket-pair.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** A connection to a daemon that a test plays. */
async function build() {
  const { socket, peer, close } = await openSocketPair()
  closing.push(close)
  return { pipe: toPipe(socket), peer }
}

function frame(stream: number, bytes: Uint8Array | string): Buffer {
  const header = Buffer.alloc(8)
  header[0] = stream
  header.writeUInt32BE(bytes.length, 4)
  return Buffer.concat([header, Buffer.from(bytes)])
}

describe('a process that gives or takes a stream', () => {
  test('gives stdout whole to a slow reader, and the end of stderr', async () => {
    const { pipe, peer } = await build()
    const bytes = Buffer.alloc(3_000_000, 'abc')
    peer.write(frame(2, `${'x'.repeat(5_000)} warned\n`))
    peer.write(frame(1, bytes))
    peer.end(frame(2, 'longhand: done\n'))
    let length = 0
    for await (const chunk of pipe.output) {
      length += (chunk as Buffer).length
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(length).toBe(bytes.length)
    const said = await pipe.said
    expect(said).toMatch(/^x+ warned\nlonghand: done\n$/)
    expect(said.length).toBe(4_096)
  })

  test('tells what was said when the connection breaks', async () => {
    const { pipe, peer } = await build()
    peer.write(Buffer.concat([frame(1, 'half'), frame(2, 'said')]))
    await once(pipe.output, 'readable')
    peer.resetAndDestroy()
    await gather(pipe.output).catch(() => {})
    expect(await pipe.said).toBe('said')
  })

  test('takes what is sent, and ends its stdin with that', async () => {
    const { pipe, peer } = await build()
    pipe.input.write('to ')
    pipe.input.end('the end')
    expect((await gather(peer)).toString()).toBe('to the end')
  })

  test('is let go of', async () => {
    const { pipe, peer } = await build()
    const ended = once(peer, 'close')
    peer.resume()
    pipe.destroy()
    await ended
    expect(await pipe.said).toBe('')
  })
})
