import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { prepareWorkflowBundle } from '../../src/activities/workflow-bundle.ts'
import { cacheFolder } from '../../src/config.ts'
import { findFreePorts } from '../../src/dev/ports.ts'
import { preparePostgres } from '../../src/dev/postgres.ts'
import { Supervisor } from '../../src/dev/supervisor.ts'
import { findTemporalBinary, temporalProcess } from '../../src/dev/temporal.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Address of a Temporal server with the flags of `dev` and a database file. */
    temporalAddress: string
    /** URL of a database on a Postgres server whose user may create more. */
    postgresUrl: string
    /** File with the workflows' bundle. */
    workflowBundle: string
  }
}

/** Starts one Temporal server and one Postgres for the whole run; what it returns ends them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'longhand-test-'))
  const supervisor = new Supervisor()
  async function teardown(): Promise<void> {
    await supervisor.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const parts = [
      startTemporal(supervisor, folder),
      startPostgres(supervisor, folder),
      prepareWorkflowBundle(cacheFolder(process.env)),
    ] as const
    const [temporalAddress, postgresUrl, { file: workflowBundle }] = await Promise.all(parts).catch(async (error) => {
      await supervisor.stop()
      await Promise.allSettled(parts)
      throw error
    })
    project.provide('temporalAddress', temporalAddress)
    project.provide('postgresUrl', postgresUrl)
    project.provide('workflowBundle', workflowBundle)
    return teardown
  } catch (error) {
    await teardown()
    throw error
  }
}

async function startTemporal(supervisor: Supervisor, folder: string): Promise<string> {
  const configured = process.env['TEMPORAL_ADDRESS']
  if (configured) return configured
  const { port, uiPort } = await findFreePorts(['port', 'uiPort'])
  const server = temporalProcess({
    binary: await findTemporalBinary(cacheFolder(process.env)),
    database: join(folder, 'temporal.db'),
    port,
    uiPort,
    logFile: join(folder, 'temporal.log'),
    env: process.env,
  })
  await supervisor.start(server)
  return `127.0.0.1:${port}`
}

async function startPostgres(supervisor: Supervisor, folder: string): Promise<string> {
  const configured = process.env['DATABASE_URL']
  if (configured) return configured
  const { port } = await findFreePorts(['port'])
  const logFile = join(folder, 'postgres.log')
  // Nothing here outlives the run, so nothing needs to reach the disk.
  const server = await preparePostgres({ folder, port, logFile, path: process.env['PATH'], durable: false })
  await supervisor.start(server.process)
  return server.url
}
