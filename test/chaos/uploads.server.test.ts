import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { join } from 'node:path'
import Anthropic, { toFile } from '@anthropic-ai/sdk'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createSpareContents } from '../../src/activities/spare-contents.ts'
import { openBytes } from '../../src/blobs.ts'
import { findFreePorts } from '../../src/dev/ports.ts'
import { createStores } from '../../src/store/postgres/stores.ts'
import { newMigrated } from '../store/use-postgres.ts'
import { readAll } from '../suites/file-contents.ts'
import { bytesIn } from '../support/bytes-in.ts'
import { serve } from '../support/own-process.ts'
import { killProcess, temporaryFolder } from '../support/programs.ts'
import { KEYS, findS3Program, startS3Server } from '../support/s3-server.ts'

const LIMIT_MS = 120_000
const MIB = 1024 * 1024
const HOUR_MS = 60 * 60_000
const program = await findS3Program()

/** Where bytes of files go, until the test ends. */
interface Place {
  readonly blobs: string
  readonly env: NodeJS.ProcessEnv
  /** Bytes of uploads that have not come to an end. */
  half(): Promise<number>
}

async function openFolder(): Promise<Place> {
  const blobs = await temporaryFolder()
  return { blobs, env: {}, half: () => bytesIn(join(blobs, 'files'), (name) => name !== 'content') }
}

async function openServer(): Promise<Place> {
  if (program === null) throw new Error('expected the program of a server')
  const server = await startS3Server(program)
  onTestFinished(() => server[Symbol.asyncDispose]())
  for (const [name, value] of Object.entries(KEYS)) vi.stubEnv(name, value)
  onTestFinished(() => void vi.unstubAllEnvs())
  const { bucket, endpoint } = server.place
  const blobs = `s3://${bucket}/longhand?endpoint=${endpoint}&path_style=true`
  return { blobs, env: KEYS, half: () => bytesIn(server.uploads) }
}

/** Two api processes over one database and one place. */
async function openApis({ blobs, env }: Place) {
  const { url: databaseUrl, database } = await newMigrated()
  const data = await temporaryFolder()
  const ports = await findFreePorts(['first', 'second'])
  const start = async (name: 'first' | 'second') => {
    const own = { LONGHAND_PORT: String(ports[name]), LONGHAND_API_KEY: 'lh_test_key', LONGHAND_DATA: data }
    const child = await serve('api', { databaseUrl, env: { ...env, ...own, LONGHAND_BLOBS: blobs } })
    const baseURL = `http://127.0.0.1:${ports[name]}`
    return { child, baseURL, files: new Anthropic({ baseURL, apiKey: 'lh_test_key', maxRetries: 0 }).beta.files }
  }
  const [first, second] = await Promise.all([start('first'), start('second')])
  const stores = createStores(database)
  const { contents } = await openBytes({ blobs, data, codecKey: undefined }, stores.sessions)
  return { first, second, stores, contents }
}

/** Sends the first bytes of an upload of so many; answers how its connection ends. */
function sendHalf(url: string, bytes: Buffer, announced: number): Promise<unknown> {
  const sent = request(`${url}/v1/files`, {
    method: 'POST',
    agent: false,
    headers: {
      authorization: 'Bearer lh_test_key',
      'content-type': 'multipart/form-data; boundary=b',
      'content-length': announced,
    },
  })
  sent.write('--b\r\ncontent-disposition: form-data; name="file"; filename="large.bin"\r\n\r\n')
  sent.write(bytes)
  return once(sent, 'response').catch((error: unknown) => error)
}

describe.each([
  ['a folder', openFolder],
  ['a bucket', openServer],
])('an upload to %s', (where, open) => {
  test.skipIf(where === 'a bucket' && program === null)(
    'whose api process is killed in the middle is not listed, is kept when it is sent again, and its half is swept',
    { timeout: LIMIT_MS },
    async () => {
      const place = await open()
      const { first, second, stores, contents } = await openApis(place)
      const bytes = randomBytes(40 * MIB)
      const ended = sendHalf(first.baseURL, bytes.subarray(0, 30 * MIB), bytes.length + 1_000)
      await expect.poll(() => place.half()).toBeGreaterThan(15 * MIB)
      killProcess(first.child.pid)
      expect(await ended).toMatchObject({ code: expect.stringMatching(/^(ECONNRESET|EPIPE)$/) })

      expect((await second.files.list()).data).toEqual([])
      expect(await place.half()).toBeGreaterThan(15 * MIB)
      const file = await second.files.upload({ file: await toFile(bytes, 'large.bin') })
      expect((await second.files.list()).data).toEqual([file])

      const sweepAt = (now: number) =>
        createSpareContents({ files: stores.files, contents, warn: (_, message) => expect.unreachable(message) })(now)
      // It may be one that still arrives.
      await sweepAt(Date.now() + HOUR_MS)
      expect(await place.half()).toBeGreaterThan(15 * MIB)
      await sweepAt(Date.now() + 7 * HOUR_MS)
      expect(await place.half()).toBe(0)

      const { content, sha256 } = (await stores.files.read('default', file.id)) ?? {}
      const kept = await readAll(contents, content ?? '')
      expect(kept?.equals(bytes)).toBe(true)
      expect(sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
      const begunBefore = new Date(Date.now() + HOUR_MS)
      expect(await stores.files.spare({ now: new Date(), begunBefore })).toEqual([])
    },
  )
})
