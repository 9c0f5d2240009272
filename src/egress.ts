import { claimFolder, startControl } from './egress/control.ts'
import { createDial } from './egress/dial.ts'
import { openGate } from './egress/gate.ts'
import { stopRequested } from './lifetime.ts'
import { createLog } from './log.ts'

/**
 * The egress process: the way of a host's sandboxes to the network. Workers start it and it outlives them, as sandboxes
 * do; it ends by itself when neither a worker nor a door needs it. Its one argument is the folder of the doors.
 */
async function main(folder: string): Promise<void> {
  const lock = await claimFolder(folder)
  if (lock === null) return
  const log = createLog('egress')
  await using gate = await openGate({ folder, dial: createDial(), log })
  await using control = await startControl({ folder, gate })
  log.info({ doors: gate.names().length }, 'the egress process is ready')
  await Promise.race([stopRequested(), control.unneeded])
  lock.close()
}

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('expected the folder of the doors as the argument')
await main(folder)
process.exit()
