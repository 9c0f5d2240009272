import { randomBytes } from 'node:crypto'
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { createBrainWorker } from '../src/activities/workers.ts'
import { startCanary } from '../src/canary.ts'
import { createAesCodec } from '../src/history/codec.ts'
import { temporalAddress, uniqueName } from './support/temporal.ts'

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] })

/** A worker that serves canaries, by the name of its queue. */
async function serve(codecs: Parameters<typeof createBrainWorker>[0]['codecs']): Promise<string> {
  const taskQueue = `${uniqueName('canary')}-brain`
  const connection = await NativeConnection.connect({ address: temporalAddress() })
  const refuse = async (): Promise<never> => Promise.reject(new Error('expected no such activity'))
  const worker = await createBrainWorker(
    { connection, namespace: 'default', codecs, identity: taskQueue },
    {
      taskQueue,
      bundle: inject('workflowBundle'),
      activities: { callModel: refuse, compact: refuse, openSession: refuse, archiveRun: refuse, queueWork: refuse },
      reports: { hint: () => undefined },
    },
  )
  const running = worker.run()
  onTestFinished(async () => {
    worker.shutdown()
    await running
    await connection.close()
  })
  return taskQueue
}

describe('a canary', () => {
  test.each([
    ['plain payloads', []],
    ['encrypted payloads', [createAesCodec(randomBytes(32))]],
  ])('takes steps on a worker with %s', async (_, codecs) => {
    const taskQueue = await serve(codecs)
    const connection = { address: temporalAddress() }
    await using canary = await startCanary({ connection, namespace: 'default', codecs }, taskQueue)
    expect([await canary.step(), await canary.step()]).toEqual([undefined, undefined])
  })
})
