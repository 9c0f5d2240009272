/** Starts two sleepers under a supervisor, prints all process ids, and waits to be killed. */
import { Supervisor } from '../../src/dev/supervisor.ts'

const supervisor = new Supervisor()
for (const name of ['first', 'second']) {
  await supervisor.start({
    name,
    command: 'sleep',
    args: ['600'],
    env: process.env,
    logFile: '/dev/null',
    ready: () => Promise.resolve(),
  })
}
process.stdout.write(`${[supervisor.pid('first'), supervisor.pid('second'), supervisor.reaperPid].join(' ')}\n`)
