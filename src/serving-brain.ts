import type { Worker } from '@temporalio/worker'
import { createArchiveRun } from './activities/archive.ts'
import { createCompact } from './activities/compact.ts'
import { createConfigurations } from './activities/configurations.ts'
import { createContextReader } from './activities/context.ts'
import { createHeardReader } from './activities/heard.ts'
import { createCallModel } from './activities/model.ts'
import { createOpenSession } from './activities/open.ts'
import { createQueueWork } from './activities/queue-work.ts'
import { createStatusWriter } from './activities/status-writer.ts'
import { startSweeper } from './activities/sweeper.ts'
import { prepareWorkflowBundle } from './activities/workflow-bundle.ts'
import type { Reports } from './activities/workers.ts'
import { createArchiveWorker, createBrainWorker } from './activities/workers.ts'
import { openModelEndpoint } from './backend.ts'
import { cacheFolder } from './config.ts'
import type { SandboxHands } from './hands/sandbox-hands.ts'
import { aimedDefinitions } from './hands/tools/aim.ts'
import { toolDefinitions } from './hands/tools/definitions.ts'
import { remoteToolDefinitions } from './hands/tools/remote-definitions.ts'
import { takesFast } from './model/clouds.ts'
import type { Harness } from './model/harness.ts'
import { findHarness } from './model/harness.ts'
import { createMessagesModel } from './model/messages-client.ts'
import { createPolicies, createWebVersions, hasWebTools } from './policies.ts'
import { createDeltaChannel } from './store/postgres/deltas.ts'
import { createSweeperPorts } from './sweeping.ts'
import type { Validator } from './wire/validate.ts'
import { createValidator } from './wire/validate.ts'
import type { WorkerGroup } from './worker-group.ts'
import { runWorkers } from './worker-group.ts'
import type { WorkerParts } from './worker-parts.ts'
import { ARCHIVE_QUEUE, BRAIN_QUEUE } from './workflows/messages.ts'

/**
 * The brain: sessions' workflows with their model calls, the copies that are made beside them, and the sweeper.
 * @param removeSandboxes ends those of a session that can be reached from here; others are for the keepers of their hosts.
 */
export async function startBrain(
  parts: WorkerParts,
  removeSandboxes: SandboxHands['destroySession'],
): Promise<WorkerGroup> {
  const { stores, log } = parts
  const writer = createStatusWriter(stores.sessions, log)
  const workers = await createWorkers(parts, (id, hint) => writer.hint({ id, ...hint }))
  const sweeper = startSweeper(createSweeperPorts({ ...parts, hands: { destroySession: removeSandboxes } }))
  const group = runWorkers(workers)
  return {
    ended: group.ended,
    async stop() {
      await group.stop()
      await writer.close()
      await sweeper.stop()
    },
  }
}

async function createWorkers(parts: WorkerParts, hint: Reports['hint']): Promise<readonly Worker[]> {
  const { config, stores, blobs, notifier, sessionLog, copy, ports, log } = parts
  const deltas = createDeltaChannel(notifier, config.codecKey)
  // Setting it up takes a fifth of a second of every recovery; a session that was started by hand may wait for it.
  let validator: Validator | undefined
  const model = createMessagesModel(await openModelEndpoint(config))
  const bundle = await prepareWorkflowBundle(cacheFolder(process.env))
  log.info(bundle, 'the workflows are bundled')
  const asking = {
    context: createContextReader(sessionLog, blobs),
    blobs,
    model,
    configuration: createConfigurations((session, id) => stores.sessions.configuration(session, id)),
    harness: requireHarness,
    tools: toolDefinitions,
    aimedTools: (names: readonly string[]) => aimedDefinitions(toolDefinitions, names),
    remoteTools: remoteToolDefinitions,
    runsWebTools: hasWebTools(config),
  }
  const archiving = createArchiveRun({ copy, archive: stores.archive })
  const brain = await createBrainWorker(ports, {
    taskQueue: BRAIN_QUEUE,
    bundle: bundle.file,
    activities: {
      ...createCallModel({
        ...asking,
        publish: (batch) => deltas.publish(batch),
        heard: createHeardReader(sessionLog, blobs),
      }),
      ...createCompact(asking),
      ...archiving,
      ...createQueueWork(stores.work),
      ...createOpenSession({
        ...stores,
        parseAgent: (body) => (validator ??= createValidator()).parseBody('agents.create', body),
        policyFor: createPolicies(config),
        webVersions: createWebVersions(config),
        takesFast: takesFast(config.modelBackend),
      }),
    },
    reports: { hint },
  })
  return [brain, await createArchiveWorker(ports, { taskQueue: ARCHIVE_QUEUE, activities: archiving })]
}

function requireHarness(id: string): Harness {
  const harness = findHarness(id)
  if (!harness) throw new Error(`expected a released harness, got ${id}`)
  return harness
}
