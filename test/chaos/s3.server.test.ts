import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { toFile } from '@anthropic-ai/sdk'
import { describe, expect, test } from 'vitest'
import { KEYS, findS3Program, startS3Server } from '../support/s3-server.ts'
import { openYard } from './yard.ts'

const LIMIT_MS = 240_000
const SOON = { timeout: 60_000, interval: 200 }
const program = await findS3Program()

describe.skipIf(program === null)('the whole service on a bucket', () => {
  test(
    'keeps files and large parts of logs there, over kills, and nothing of what is deleted',
    { timeout: LIMIT_MS },
    async () => {
      if (program === null) return
      await using server = await startS3Server(program)
      const { bucket, endpoint } = server.place
      const blobs = `s3://${bucket}/longhand?endpoint=${endpoint}&path_style=true`
      await using yard = await openYard({ blobs, env: KEYS })
      const kept = async (folder: string) => {
        const place = join(server.folder, 'longhand', folder)
        const entries = existsSync(place) ? await readdir(place, { recursive: true, withFileTypes: true }) : []
        return entries.filter((entry) => entry.isFile()).length
      }
      const { files, sessions } = yard.client.beta
      const bytes = Buffer.from('a line of a large file\n'.repeat(900_000))
      const file = await files.upload({ file: await toFile(bytes, 'large.txt') })
      const session = await yard.createSession()
      const text = `${'x'.repeat(200_000)}\n#program\nSAY read`
      await yard.send(session, text)
      await expect
        .poll(async () => JSON.stringify((await yard.list(session)).at(-1)), SOON)
        .toContain('session.status_idle')
      expect([await kept('files'), await kept('blobs')]).toEqual([1, 1])

      const before = await yard.list(session)
      await Promise.all((['api', 'worker'] as const).map(async (name) => (await yard.kill(name)).isBack))
      expect(await yard.list(session)).toEqual(before)
      expect(JSON.stringify(before)).toContain('x'.repeat(200_000))
      const answer = await files.download(file.id).catch((error: unknown) => error)
      expect(answer).toMatchObject({ status: 400 })

      await sessions.delete(session)
      await files.delete(file.id)
      await expect.poll(() => Promise.all([kept('files'), kept('blobs')]), SOON).toEqual([0, 0])
    },
  )
})
