import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { request as connectTo } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createFolderContents } from '../../src/store/folder-contents.ts'
import { createSealedContents } from '../../src/store/sealed-contents.ts'
import { MAX_FILE_BYTES } from '../../src/wire/files.ts'
import { openSocket } from '../sdk/raw-http.ts'
import { bytesIn } from '../support/bytes-in.ts'
import { heap } from '../support/heap.ts'
import { temporaryFolder } from '../support/programs.ts'
import { AUTHORIZED, createFakeApp } from './fakes.ts'

const LONG = { timeout: 120_000 }
const MIB = 1024 * 1024
const PIECE = Buffer.alloc(MIB, 'x')
const CHUNK = Buffer.concat([Buffer.from(`${MIB.toString(16)}\r\n`), PIECE, Buffer.from('\r\n')])
const HEAD = '--b\r\ncontent-disposition: form-data; name="file"; filename="large.bin"\r\n\r\n'
const END = '\r\n--b--\r\n'
const TYPE = 'multipart/form-data; boundary=b'

/**
 * What client and server, which share this process, may hold of a file at once, in bytes. What has gone through stays
 * until the collector comes, a few tens of MB of it; a file that was gathered anywhere would be its own size, and the
 * smallest here is more than half as large again.
 */
const HELD = 128 * MIB

/** An api over real contents, encrypted, in a folder that the test looks at. */
async function listen() {
  const folder = join(await temporaryFolder(), 'files')
  const contents = createSealedContents(createFolderContents(folder), Buffer.alloc(32, 7))
  const { app, world } = createFakeApp(() => ({ contents }))
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => app.close())
  return { url, world, folder }
}

/** The most memory for bytes outside of the heap since it was made, above what was there then. */
function watchMemory() {
  const held = (): number => process.memoryUsage().arrayBuffers
  // Else what others have left here would go meanwhile, and hide as much.
  heap()
  const before = held()
  let most = 0
  return {
    look: (): void => void (most = Math.max(most, held() - before)),
    most: () => most,
  }
}

function upload(url: string, length: number) {
  const headers = { ...AUTHORIZED, 'content-type': TYPE, 'content-length': length }
  const sent = connectTo(`${url}/v1/files`, { method: 'POST', agent: false, headers })
  sent.on('error', () => undefined)
  sent.write(HEAD)
  return sent
}

type Line = Pick<NodeJS.WritableStream, 'write' | 'once'>

interface Load {
  readonly piece: Buffer
  readonly times: number
  /** Called after each. */
  readonly look: () => void
  readonly isOver?: () => boolean
}

/** Sends a piece so many times or until it is over, as fast as it is taken; answers how often it did. */
async function push(line: Line, { piece, times, look, isOver = () => false }: Load): Promise<number> {
  const closed = new Promise<void>((resolve) => line.once('close', resolve))
  for (let sent = 0; sent < times; sent++) {
    if (isOver()) return sent
    if (!line.write(piece)) await Promise.race([new Promise<void>((resolve) => line.once('drain', resolve)), closed])
    look()
  }
  return times
}

describe('a file of 500 MB', () => {
  test('goes up and comes down without ever standing in memory', LONG, async () => {
    const { url, world } = await listen()
    const up = watchMemory()
    const sent = upload(url, HEAD.length + MAX_FILE_BYTES + END.length)
    const answered = once(sent, 'response')
    await push(sent, { piece: PIECE, times: MAX_FILE_BYTES / MIB, look: up.look })
    sent.end(END)
    const [response] = await answered
    const { id, size_bytes: size } = JSON.parse(await text(response))
    expect(size).toBe(MAX_FILE_BYTES)
    expect(up.most()).toBeLessThan(HELD)

    const row = world.files.rows.get(id)
    if (!row) throw new Error('expected the file that was uploaded')
    // As one that a session has made: an upload is not given back.
    world.files.rows.set(id, { ...row, downloadable: true })
    const down = watchMemory()
    const asked = connectTo(`${url}/v1/files/${id}/content`, { agent: false, headers: AUTHORIZED }).end()
    const [download]: IncomingMessage[] = await once(asked, 'response')
    const hash = createHash('sha256')
    for await (const chunk of download ?? []) {
      hash.update(chunk)
      down.look()
    }
    expect(hash.digest('hex')).toBe(row.sha256)
    expect(down.most()).toBeLessThan(HELD)
  })
})

describe('an upload of hundreds of MB', () => {
  test('that is cut leaves nothing in memory or on the disk', LONG, async () => {
    const { url, world, folder } = await listen()
    const memory = watchMemory()
    const sent = upload(url, MAX_FILE_BYTES)
    await push(sent, { piece: PIECE, times: 200, look: memory.look })
    // What has come is on the disk: it was not gathered anywhere.
    await expect.poll(() => bytesIn(folder)).toBeGreaterThan(195 * MIB)
    sent.destroy()
    await expect.poll(() => world.files.begun.size).toBe(0)
    expect([world.files.rows.size, world.ingress.size, await readdir(folder)]).toEqual([0, 0, []])
    expect(memory.most()).toBeLessThan(HELD)
  })

  test(
    'of 20 GB that does not say so is refused once it is more than 500 MB, and cut off when it goes on',
    LONG,
    async () => {
      const { url, world, folder } = await listen()
      const memory = watchMemory()
      const { authorization } = AUTHORIZED
      const head = `POST /v1/files HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\ncontent-type: ${TYPE}\r\n`
      const first = `${HEAD.length.toString(16)}\r\n${HEAD}\r\n`
      const socket = await openSocket(url, `${head}transfer-encoding: chunked\r\n\r\n${first}`)
      const closed = new Promise((resolve) => socket.once('close', resolve))
      let said = ''
      socket.on('data', (chunk: Buffer) => (said += chunk.toString()))
      const load = { piece: CHUNK, look: memory.look, isOver: () => said !== '' }
      expect(await push(socket, { ...load, times: MAX_FILE_BYTES / MIB })).toBe(MAX_FILE_BYTES / MIB)
      expect([said, world.files.begun.size]).toEqual(['', 1])
      socket.write('1\r\ny\r\n')
      await expect.poll(() => said).toMatch(/^HTTP\/1\.1 413 /)
      const more = await push(socket, { ...load, times: 20 * 1024 })
      expect(more * MIB).toBeLessThan(HELD)
      expect([world.files.rows.size, world.files.begun.size, await readdir(folder)]).toEqual([0, 0, []])
      expect(memory.most()).toBeLessThan(HELD)
      const goesOn = setInterval(() => void socket.write(CHUNK), 100)
      onTestFinished(() => clearInterval(goesOn))
      await closed
    },
  )
})
