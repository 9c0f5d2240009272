import { Client } from '@temporalio/client'
import type { Worker } from '@temporalio/worker'
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker'
import { describe, expect, inject, test } from 'vitest'
import type { ArchiveRun, SessionActivities } from '../../src/activities/index.ts'
import { createArchiveWorker, createBrainWorker } from '../../src/activities/workers.ts'
import { createTemporalWorkflows } from '../../src/api/temporal-workflows.ts'
import { openTemporalClient } from '../../src/history/client.ts'
import { mintId } from '../../src/wire/mint.ts'
import { CANARY_STEP, CANARY_WORKFLOW } from '../../src/workflows/messages.ts'
import { testCodecs } from '../support/codecs.ts'
import { POLICY, answerEntries, message } from '../support/session-builders.ts'
import { temporalAddress, uniqueName } from '../support/temporal.ts'

const SESSIONS = 12
const run = { events: 1000, signals: 1000, bytes: 2 ** 21 }
const configuration = { id: 'cfg_1', agentName: 'tester', policy: { ...POLICY, run } }

/** Copies that end when they are told to. */
function createSlowArchive() {
  const open = new Set<() => void>()
  let most = 0
  let begun = 0
  let isSlow = true
  let tell = (): void => undefined
  return {
    async archiveRun(_: ArchiveRun): Promise<void> {
      begun += 1
      if (!isSlow) return
      await new Promise<void>((end) => {
        open.add(end)
        most = Math.max(most, open.size)
        tell()
      })
    },
    atWork: (count: number) =>
      new Promise<void>((reached) => {
        tell = () => (open.size >= count ? reached() : undefined)
        tell()
      }),
    counts: () => ({ most, begun }),
    release() {
      isSlow = false
      for (const end of open) end()
    },
  }
}

describe('an archive that is slow', () => {
  test('keeps a few copies busy and no model call from being made', async () => {
    Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] })
    const identity = uniqueName('workers')
    const taskQueue = `${identity}-brain`
    const codecs = testCodecs()
    const connection = await NativeConnection.connect({ address: temporalAddress() })
    const client = await openTemporalClient({
      connection: { address: temporalAddress() },
      namespace: 'default',
      codecs,
      identity,
    })
    const archive = createSlowArchive()
    const callModel: SessionActivities['callModel'] = async ({ request }) => ({
      entries: answerEntries({ request, text: 'done' }),
    })
    const ports = { connection, namespace: 'default', codecs, identity }
    const workers = [
      await createBrainWorker(ports, {
        taskQueue,
        bundle: inject('workflowBundle'),
        activities: { callModel, compact: refuse, openSession: refuse, archiveRun: refuse, queueWork: refuse },
        reports: { hint: () => undefined },
      }),
      await createArchiveWorker(ports, { taskQueue: `${identity}-archive`, activities: archive }),
    ]
    const running = Promise.all(workers.map((worker) => worker.run()))
    const workflows = createTemporalWorkflows({ client: client.workflow, taskQueue })
    try {
      const ids = Array.from({ length: SESSIONS }, () => mintId('sesn'))
      await Promise.all(
        ids.map(async (id) => {
          await workflows.start(id, { configuration }, 'a session of a test')
          expect(await workflows.archive(id, id)).toEqual({ refused: null })
        }),
      )
      await archive.atWork(4)
      // Others begin and end their turns while all of these wait for the archive.
      const other = mintId('sesn')
      await workflows.start(other, { configuration, events: [message('sevt_1')] }, 'a session of a test')
      await expect.poll(() => workflows.archive(other, mintId('req'))).toEqual({ refused: null })
      expect(archive.counts()).toEqual({ most: 4, begun: 4 })
      archive.release()
      await Promise.all([...ids, other].map((id) => client.workflow.getHandle(id).result()))
      expect(archive.counts()).toEqual({ most: 4, begun: SESSIONS + 1 })
    } finally {
      archive.release()
      for (const worker of workers) worker.shutdown()
      await running
      await connection.close()
      await client.connection.close()
    }
  })
})

async function refuse(): Promise<never> {
  throw new Error('expected no such activity')
}

/** A worker that runs workflows, and asks no model but the one given. */
function createBrain(
  connection: NativeConnection,
  taskQueue: string,
  callModel: SessionActivities['callModel'] = refuse,
): Promise<Worker> {
  return createBrainWorker(
    { connection, namespace: 'default', codecs: [], identity: taskQueue },
    {
      taskQueue,
      bundle: inject('workflowBundle'),
      activities: { callModel, compact: refuse, openSession: refuse, archiveRun: refuse, queueWork: refuse },
      reports: { hint: () => undefined },
    },
  )
}

/** As while a release is rolled back to a version from before there was one. */
describe('an archive that no worker serves', () => {
  test('keeps no session from going through its runs, and lets the last one end when it is served', async () => {
    const taskQueue = `${uniqueName('workers')}-brain`
    const connection = await NativeConnection.connect({ address: temporalAddress() })
    const { workflow: client } = new Client({ connection })
    const brain = await createBrain(connection, taskQueue, async ({ request }) => ({
      entries: answerEntries({ request, text: 'done' }),
    }))
    const running = [brain.run()]
    const workers = [brain]
    const workflows = createTemporalWorkflows({ client, taskQueue })
    const id = mintId('sesn')
    const runs = new Set<string>()
    const look = async (): Promise<number> => runs.add((await client.getHandle(id).describe()).runId).size
    try {
      const short = { ...configuration, policy: { ...POLICY, run: { ...run, events: 1 } } }
      await workflows.start(id, { configuration: short }, 'a session of a test')
      for (let turn = 1; turn <= 3; turn++) {
        await workflows.signal(id, { events: [message(`sevt_${turn}`)], by: 'key_test' }, mintId('ingr'))
        await expect.poll(look).toBeGreaterThan(turn)
      }
      expect(await workflows.archive(id, mintId('req'))).toEqual({ refused: null })
      const copied: number[] = []
      const archive = await createArchiveWorker(
        { connection, namespace: 'default', codecs: [], identity: taskQueue },
        {
          taskQueue: taskQueue.replace(/brain$/, 'archive'),
          activities: { archiveRun: async (of) => void copied.push(of.run) },
        },
      )
      workers.push(archive)
      running.push(archive.run())
      await client.getHandle(id).result()
      expect(new Set(copied)).toEqual(new Set(copied.map((_, index) => index + 1)))
      expect(copied.length).toBeGreaterThanOrEqual(runs.size)
    } finally {
      for (const worker of workers) worker.shutdown()
      await Promise.all(running)
      await connection.close()
    }
  })
})

describe('a worker of the brain', () => {
  test('is given time to compute on a busy machine, as Node would not survive the end of it', async () => {
    const connection = await NativeConnection.connect({ address: temporalAddress() })
    const worker = await createBrain(connection, uniqueName('workers'))
    const running = worker.run()
    worker.shutdown()
    await running
    await connection.close()
    expect(worker.options.isolateExecutionTimeoutMs).toBe(60_000)
  })

  test('writes few bytes into history for what it was built from, and is under no versioning', async () => {
    const taskQueue = `${uniqueName('workers')}-brain`
    const connection = await NativeConnection.connect({ address: temporalAddress() })
    const client = new Client({ connection })
    const worker = await createBrain(connection, taskQueue)
    const running = worker.run()
    const handle = await client.workflow.start(CANARY_WORKFLOW, { taskQueue, workflowId: taskQueue })
    try {
      await handle.executeUpdate(CANARY_STEP)
      const { events } = await handle.fetchHistory()
      const stamps = (events ?? []).flatMap((event) => [
        event.workflowTaskStartedEventAttributes?.workerVersion ?? [],
        event.workflowTaskCompletedEventAttributes?.workerVersion ?? [],
        event.activityTaskStartedEventAttributes?.workerVersion ?? [],
      ])
      const found = stamps.flat()
      expect(found.length).toBeGreaterThan(2)
      for (const { buildId, useVersioning } of found) {
        expect({ buildId, useVersioning }).toEqual({
          buildId: expect.stringMatching(/^longhand-[0-9a-f]{12}$/),
          useVersioning: false,
        })
      }
    } finally {
      await handle.terminate()
      worker.shutdown()
      await running
      await connection.close()
    }
  })
})
