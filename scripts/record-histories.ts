// `npm run record-histories [-- <name> …]`: lives the lives of test/workflows/recordings.ts on a server of its own and
// keeps their histories in test/workflows/histories. A history that a release had is never recorded again: a life that
// changes gets a new name, so that the old one goes on being replayed.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cacheFolder } from '../src/config.ts'
import { findFreePorts } from '../src/dev/ports.ts'
import { Supervisor } from '../src/dev/supervisor.ts'
import { findTemporalBinary, temporalProcess } from '../src/dev/temporal.ts'
import { buildBundle } from '../test/workflows/bundle.ts'
import { itemsOf, writeHistory } from '../test/workflows/histories.ts'
import { readLog } from '../test/workflows/log.ts'
import { recordings } from '../test/workflows/recordings.ts'
import { startRig } from '../test/workflows/rig.ts'

const names = process.argv.slice(2)
const unknown = names.filter((name) => !recordings.some((recording) => recording.name === name))
if (unknown.length > 0)
  throw new Error(`no recording ${unknown.join(', ')}; known: ${recordings.map(({ name }) => name).join(', ')}`)

const folder = await mkdtemp(join(tmpdir(), 'longhand-record-'))
await using supervisor = new Supervisor()
try {
  const { port, uiPort } = await findFreePorts(['port', 'uiPort'])
  const binary = await findTemporalBinary(cacheFolder(process.env))
  const paths = { database: join(folder, 'temporal.db'), logFile: join(folder, 'temporal.log') }
  await supervisor.start(temporalProcess({ binary, port, uiPort, env: process.env, ...paths }))
  // The prefix is the identity that histories name, in place of a process and a host.
  await using rig = await startRig({ address: `127.0.0.1:${port}`, bundle: await buildBundle(), prefix: 'recorder' })
  for (const { name, input, play } of recordings.filter(
    (recording) => names.length === 0 || names.includes(recording.name),
  )) {
    const session = await rig.start(input)
    await play(session)
    await session.settle()
    const runs = await session.histories()
    for (const [index, history] of runs.entries()) {
      // Each run is replayed for itself, and came to a state of its own.
      const { state } = readLog(session.id, await itemsOf(history))
      const kept = runs.length === 1 ? name : `${name}-${index + 1}`
      await writeHistory({ name: kept, workflowId: session.id, history, state })
      console.log(`${kept}: ${history.events?.length ?? 0} events`)
    }
  }
} finally {
  await supervisor.stop()
  await rm(folder, { recursive: true, force: true })
}
