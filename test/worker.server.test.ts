import { describe, expect, test } from 'vitest'
import { newMigrated } from './store/use-postgres.ts'
import { listenAsDocker } from './support/docker-listener.ts'
import { endOwnProcess, serve } from './support/own-process.ts'

/** A worker process with Docker sandboxes. */
async function startWorker(roles: string, docker: string) {
  const { url } = await newMigrated()
  const env = { LONGHAND_SANDBOX: 'docker', LONGHAND_MODEL_API_KEY: 'none', LONGHAND_ROLES: roles, DOCKER_HOST: docker }
  return serve('worker', { databaseUrl: url, env })
}

const LIMIT_MS = 180_000

describe('a worker process', () => {
  test('asks no Docker daemon while it has no hands', { timeout: LIMIT_MS }, async () => {
    const docker = await listenAsDocker()
    expect(await endOwnProcess(await startWorker('brain', docker.address))).toBe(0)
    expect(docker.asked()).toBe(0)
  })

  test('asks it first where it has them, and does not serve without', { timeout: LIMIT_MS }, async () => {
    const docker = await listenAsDocker()
    await expect(startWorker('hands', docker.address)).rejects.toThrow('it ended before it served, by 5;')
    expect(docker.asked()).toBeGreaterThan(0)
  })
})
