import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import type { Dev } from '../../src/dev/dev.ts'
import { startDev } from '../../src/dev/dev.ts'
import { devOptions } from '../../src/programs.ts'
import { createDatabase } from '../support/postgres.ts'

const root = join(import.meta.dirname, '../..')
let folder: string
let database: Awaited<ReturnType<typeof createDatabase>>
let dev: Dev

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longhand-test-'))
  const { PATH, HOME, XDG_CACHE_HOME } = process.env
  database = await createDatabase()
  // A Temporal of its own: the queues have the names that the examples use.
  const env = { PATH, HOME, XDG_CACHE_HOME, DATABASE_URL: database.url }
  dev = await startDev(devOptions(readConfig({ data: join(folder, 'data'), port: '0' }, env), env))
}, 120_000)

afterAll(async () => {
  await dev?.[Symbol.asyncDispose]()
  await database?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
}, 60_000)

/** Runs an example as its first lines tell; rejects with what it said on stderr when it fails. */
async function run(name: string, ...args: readonly string[]): Promise<string> {
  const { base_url, api_key, temporal_address } = dev.state()
  const child = spawn(process.execPath, ['--import', 'tsx', `examples/${name}.ts`, ...args], {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      ANTHROPIC_BASE_URL: base_url,
      ANTHROPIC_API_KEY: api_key,
      TEMPORAL_ADDRESS: temporal_address,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${err}`)
  return out
}

describe('the example', () => {
  test('sdk gives a task to an agent and prints what it does', async () => {
    const out = await run('sdk', '#program\nSAY here I go\nTOOL bash {"command":"echo hello"}\nSAY said it')
    const [session, ...lines] = out.trimEnd().split('\n')
    expect(session).toMatch(/^sesn_\w+$/)
    expect(lines).toEqual(['here I go', '[bash] {"command":"echo hello"}', 'said it'])
  })

  test('temporal-client starts a session by hand that the API knows', async () => {
    const out = await run('temporal-client')
    expect(out.match(/^user\.message/gm)).toHaveLength(2)
    expect(out).toContain('I am the scripted demo model of Longhand')
    expect(out).toMatch(/^session\.status_idle/m)
    expect(out).toMatch(/title: 'by hand',\s+status: 'idle'/)
  })
})
