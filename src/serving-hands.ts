import { createConfigurations } from './activities/configurations.ts'
import { createExecute } from './activities/execute.ts'
import { createProvision } from './activities/provision.ts'
import { createRecipeReader } from './activities/recipe.ts'
import { createHandsWorker } from './activities/workers.ts'
import { attendDoors } from './attend-doors.ts'
import type { HostDoors } from './doors.ts'
import { startBeating } from './hands/beat.ts'
import { tidyImages } from './hands/docker/tidying.ts'
import { createCollector } from './hands/collector.ts'
import { createOutputWatch, watchCalls } from './hands/output-watch.ts'
import { cloneRepositories } from './hands/repositories.ts'
import type { SandboxHands } from './hands/sandbox-hands.ts'
import { createSandboxHands } from './hands/sandbox-hands.ts'
import { createWhereabouts } from './hands/whereabouts.ts'
import { startKeeping } from './keeping.ts'
import { createOutputShelf } from './output-shelf.ts'
import type { Sandboxes } from './sandboxes.ts'
import { openSandboxes } from './sandboxes.ts'
import { createStock } from './stock.ts'
import type { WorkerGroup } from './worker-group.ts'
import { runWorkers } from './worker-group.ts'
import type { WorkerParts } from './worker-parts.ts'
import { HANDS_QUEUE, hostQueue } from './workflows/messages.ts'

/** The hands of this host: its sandboxes, their way to the network, and the queues of the calls in them. */
export interface ServingHands extends WorkerGroup {
  readonly hands: SandboxHands
}

/** How a worker comes to the sandboxes of its host. */
export type OpenSandboxes = (config: WorkerParts['config'], doors: HostDoors) => Promise<Sandboxes>

/**
 * Serves the queue that all hands share, and one for each host whose sandboxes can be reached from here; the registry
 * hears of these hosts first. Sandboxes outlive it.
 */
export async function startHands(parts: WorkerParts, open: OpenSandboxes = openSandboxes): Promise<ServingHands> {
  const { config, stores, blobs, contents, ports, sessionLog, log } = parts
  const stopping = new AbortController()
  const { signal } = stopping
  const doors = await attendDoors(parts, signal)
  const { provider, offers, images } = await open(config, doors)
  const warn = warnOf(log)
  if (images) void tidyImages(images, { warn, signal })
  const hosts = [...new Set(offers.map(({ host }) => host))]
  await startBeating({ registry: stores.hosts, offers, warn, signal })
  const hands = createSandboxHands({
    provider,
    bindings: stores.bindings,
    stores: { stock: createStock(stores, contents), ledger: stores.ledger, keepsCopies: config.workspaceExport > 0 },
    clone: cloneRepositories,
    whereabouts: createWhereabouts({ own: hosts, registry: stores.hosts }),
    log,
  })
  const collect = createCollector({ shelf: createOutputShelf({ stores, contents }), log })
  const outputs = createOutputWatch({ collect, bindings: stores.bindings, provider, log })
  const keeper = startKeeping({ ...parts, provider, hosts: offers, collect, doors })
  const configuration = createConfigurations((session, id) => stores.sessions.configuration(session, id))
  const recipes = createRecipeReader({ log: sessionLog, configuration })
  const activities = {
    ...createExecute(watchCalls(hands, outputs), blobs, recipes),
    ...createProvision(hands, recipes),
  }
  const queues = [HANDS_QUEUE, ...hosts.map((host) => hostQueue(HANDS_QUEUE, host))]
  const group = runWorkers(
    await Promise.all(queues.map((taskQueue) => createHandsWorker(ports, { taskQueue, activities }))),
  )
  log.info({ hosts, sandboxes: provider.kind }, 'the hands take calls')
  return {
    hands,
    ended: group.ended,
    async stop() {
      await group.stop()
      await outputs.stop()
      await keeper.stop()
      stopping.abort()
    },
  }
}

function warnOf(log: WorkerParts['log']) {
  return (details: object, message: string): void => log.warn(details, message)
}
