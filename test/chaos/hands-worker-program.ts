import type { PayloadCodec } from '@temporalio/common'
import { readConfig, requireServerConfig } from '../../src/config.ts'
import { announceReady } from '../../src/dev/ready.ts'
import { createEngine } from '../../src/hands/docker/dockerode.ts'
import { explainEnd, stopRequested } from '../../src/lifetime.ts'
import { createLog } from '../../src/log.ts'
import { openSandboxes, sandboxFolder } from '../../src/sandboxes.ts'
import type { OpenSandboxes } from '../../src/serving-hands.ts'
import { startHands } from '../../src/serving-hands.ts'
import type { WorkerParts } from '../../src/worker-parts.ts'
import { withWorkerParts } from '../../src/worker-parts.ts'
import { deadlyBindings, deadlyEngine, deadlyProvider } from './deadly-sandboxes.ts'
import type { Fate } from './fate.ts'
import { createFate } from './fate.ts'

/** A worker of the hands as it is in production, but that what it is made of may kill it. Its argument: the ledgers' folder. */
async function serve(parts: WorkerParts, ledgers: string): Promise<void> {
  const stopped = stopRequested()
  const fate = createFate()
  const deadly = { fate, ledgers, folder: sandboxFolder(parts.config.data) }
  const open: OpenSandboxes = async (config, doors) => {
    const sandboxes = await openSandboxes(config, doors, deadlyEngine(createEngine(), deadly))
    return { ...sandboxes, provider: deadlyProvider(sandboxes.provider, deadly) }
  }
  const stores = { ...parts.stores, bindings: deadlyBindings(parts.stores.bindings, deadly) }
  const ports = { ...parts.ports, codecs: [dyingWithResult(fate), ...parts.ports.codecs] }
  const hands = await startHands({ ...parts, stores, ports }, open)
  announceReady()
  await Promise.race([stopped, hands.ended])
  await hands.stop()
}

/** In front of the others it sees what comes of a call as it is. */
function dyingWithResult(fate: Fate): PayloadCodec {
  return {
    async encode(payloads) {
      const isResult = payloads.some(({ data }) => data && Buffer.from(data).includes('"entries"'))
      if (isResult && fate.meets('unsent')) fate.die()
      return payloads
    },
    decode: async (payloads) => payloads,
  }
}

const log = createLog('worker')
const [, , ledgers = ''] = process.argv
try {
  await withWorkerParts(requireServerConfig(readConfig({}, process.env)), log, (parts) => serve(parts, ledgers))
} catch (error) {
  process.exitCode = explainEnd(error, log)
}
process.exit()
