import type { ServerConfig } from './config.ts'
import { readConfig, requireServerConfig } from './config.ts'
import { announceReady } from './dev/ready.ts'
import { explainEnd, stopRequested } from './lifetime.ts'
import type { Log } from './log.ts'
import { createLog } from './log.ts'
import type { ServingHands } from './serving-hands.ts'
import type { WorkerGroup } from './worker-group.ts'
import type { WorkerParts } from './worker-parts.ts'
import { withWorkerParts } from './worker-parts.ts'

/** The worker process: brain, hands or both in one; as many of it as you like. */
async function main(config: ServerConfig, log: Log): Promise<void> {
  await withWorkerParts(config, log, async (parts) => {
    const stopped = stopRequested()
    const groups = await startRoles(parts)
    announceReady()
    await Promise.race([stopped, ...groups.map(({ ended }) => ended)])
    await Promise.all(groups.map((group) => group.stop()))
  })
}

/** Only what a role needs is loaded for it: a brain without hands knows no sandbox. */
async function startRoles(parts: WorkerParts): Promise<readonly WorkerGroup[]> {
  const { roles } = parts.config
  const hands = roles.includes('hands') ? startHands(parts) : null
  const brain = roles.includes('brain') ? startBrain(parts, hands) : null
  const groups = await Promise.all([brain, hands])
  return groups.filter((group) => group !== null)
}

async function startHands(parts: WorkerParts): Promise<ServingHands> {
  const serving = await import('./serving-hands.ts')
  return serving.startHands(parts)
}

/** @param hands of this process; without any the sandboxes of deleted sessions are left to those that have them. */
async function startBrain(parts: WorkerParts, hands: Promise<ServingHands> | null): Promise<WorkerGroup> {
  const serving = await import('./serving-brain.ts')
  const removeSandboxes = async (session: string): Promise<void> => (await hands)?.hands.destroySession(session)
  return serving.startBrain(parts, removeSandboxes)
}

const log = createLog('worker')
try {
  await main(requireServerConfig(readConfig({}, process.env)), log)
} catch (error) {
  process.exitCode = explainEnd(error, log)
}
// What still waits, for a command in its sandbox or for a connection, must not keep the process from its successor.
process.exit()
