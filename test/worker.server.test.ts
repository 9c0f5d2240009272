import type { StdioOptions } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { programOf } from '../src/program-of.ts'
import { migrateDatabase } from '../src/programs.ts'
import { createDatabase } from './support/postgres.ts'
import { temporaryFolder } from './support/programs.ts'

/** A socket that takes connections and never answers; it counts them. */
async function listenAsDocker(): Promise<{ readonly path: string; asked(): number }> {
  const path = join(await temporaryFolder(), 'docker.sock')
  let asked = 0
  const server = createServer((socket) => {
    asked += 1
    socket.destroy()
  }).listen(path)
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return { path, asked: () => asked }
}

/** A worker process with Docker sandboxes; answers its exit code, once it was told to end if it came to serve. */
async function runWorker(roles: string, docker: string): Promise<{ readonly served: boolean; readonly code: unknown }> {
  await using database = await createDatabase()
  await migrateDatabase(database.url)
  const env = {
    PATH: process.env['PATH'],
    HOME: await temporaryFolder(),
    XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] ?? join(process.env['HOME'] ?? '', '.cache'),
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    LONGHAND_SANDBOX: 'docker',
    LONGHAND_MODEL_API_KEY: 'none',
    LONGHAND_ROLES: roles,
    DOCKER_HOST: `unix://${docker}`,
  }
  const { command, args } = programOf('worker')
  const stdio: StdioOptions = ['ignore', 'ignore', 'ignore', 'ipc']
  const child = spawn(command, args, { env, stdio })
  const ended = once(child, 'exit')
  const served = await Promise.race([once(child, 'message').then(() => true), ended.then(() => false)])
  child.kill('SIGTERM')
  const [code] = await ended
  return { served, code }
}

const LIMIT_MS = 60_000

describe('a worker process', () => {
  test('asks no Docker daemon while it has no hands', { timeout: LIMIT_MS }, async () => {
    const docker = await listenAsDocker()
    expect(await runWorker('brain', docker.path)).toEqual({ served: true, code: 0 })
    expect(docker.asked()).toBe(0)
  })

  test('asks it first where it has them, and does not serve without', { timeout: LIMIT_MS }, async () => {
    const docker = await listenAsDocker()
    expect(await runWorker('hands', docker.path)).toMatchObject({ served: false, code: 5 })
    expect(docker.asked()).toBeGreaterThan(0)
  })
})
