import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { findIn, findInFiles, readProcesses, searchInside, spellingsOf } from './canary-scan.ts'
import { temporaryFolder } from './programs.ts'

const secret = 'c4nary~/+"%_q7Zx90abcdEF'
const spellings = spellingsOf(secret)
const bytes = Buffer.from(secret)

const forms: readonly (readonly [string, Buffer | string])[] = [
  ['as it is', `x${secret}y`],
  ['as UTF-16', Buffer.from(`a${secret}b`, 'utf16le')],
  ['as UTF-16, the higher byte first', Buffer.from(`a${secret}b`, 'utf16le').swap16()],
  ['in base64', bytes.toString('base64')],
  ['in base64, behind one byte', Buffer.concat([Buffer.of(1), bytes, Buffer.of(7)]).toString('base64')],
  ['in base64, behind two bytes', Buffer.concat([Buffer.of(1, 2), bytes, Buffer.of(7)]).toString('base64')],
  ['in base64 for URLs', bytes.toString('base64url')],
  ['in a header of git', `Authorization: Basic ${Buffer.from(`x-access-token:${secret}`).toString('base64')}`],
  ['in hexadecimal', `\\x${bytes.toString('hex')}`],
  ['in a URL', `https://x:${encodeURIComponent(secret)}@h/`],
  ['backwards', Array.from(secret).toReversed().join('')],
  ['in JSON', JSON.stringify({ secret })],
]
const packed: typeof forms = [
  ['packed', gzipSync(`${'x'.repeat(1_000)}${secret}`)],
  ['packed twice', gzipSync(gzipSync(secret))],
  ['packed by half', gzipSync(`${secret}${randomBytes(10_000).toString('hex')}`).subarray(0, 8_000)],
  ['in base64, packed', gzipSync(bytes.toString('base64'))],
]

describe('a scan for a secret', () => {
  test.each([...forms, ...packed])('finds it %s', async (_, form) => {
    expect(findIn(form, spellings)).not.toEqual([])
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'deep'))
    await writeFile(
      join(folder, 'deep', 'found'),
      Buffer.concat([Buffer.of(0, 255, 10), Buffer.from(form), Buffer.of(0)]),
    )
    await writeFile(join(folder, 'other'), secret.slice(1))
    expect(await findInFiles(folder, spellings)).toEqual([join(folder, 'deep', 'found')])
  })

  test.each(forms)('inside a sandbox finds it %s', async (_, form) => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'found'), form)
    await writeFile(join(folder, 'other'), secret.slice(1))
    const { stdout } = await promisify(execFile)('sh', ['-c', searchInside(spellings, [folder])])
    expect(stdout).toBe(`${join(folder, 'found')}\n`)
  })

  test('finds nothing where it is not', () => {
    expect(findIn(secret.slice(1), spellings)).toEqual([])
    expect(findIn('x-access-token:', spellings)).toEqual([])
    expect(findIn(Buffer.of(0x1f, 0x8b, 8, 0, 1, 2), spellings)).toEqual([])
  })

  test('reads the environment and the command line of what a process has started', { timeout: 30_000 }, async () => {
    const child = spawn('sh', ['-c', 'sleep 60 & wait # in-args'], { env: { ...process.env, PLANTED: 'in-env' } })
    onTestFinished(() => void child.kill())
    await expect
      .poll(
        async () => {
          const texts = [...(await readProcesses([process.pid])).values()].map(String)
          return ['in-args', 'in-env'].map((word) => texts.filter((text) => text.includes(word)).length)
        },
        { timeout: 20_000 },
      )
      .toEqual([1, 2])
    for (const pid of (await readProcesses([child.pid ?? 0])).keys()) if (pid !== child.pid) process.kill(pid)
  })
})
