import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { temporalAddress } from '../support/temporal.ts'
import { bash, listAll, only, program, record, saidIn } from './drive.ts'
import { findWorkerNode, makeWorkdir, startEnvironmentWorker } from './environment-worker.ts'
import { openPlace } from './own-place.ts'
import { useStack } from './use-stack.ts'
import { openWay } from './way.ts'

const LIMIT_MS = 120_000
/** A network of its own: loopback, and no way out of it. */
const ALONE = ['bwrap', '--dev-bind', '/', '/', '--unshare-net', '--die-with-parent', '--']

const use = useStack()
const node = await findWorkerNode()
const canBeAlone = await promisify(execFile)('bwrap', [...ALONE.slice(1), 'true']).then(
  () => true,
  () => false,
)
if (!canBeAlone) {
  const reason = 'bubblewrap cannot make a worker a network of its own here'
  if (process.env['CI'] && process.getuid?.() === 0) throw new Error(`CI as root has to provide it: ${reason}`)
  console.log(`no worker runs in a network of its own: ${reason}`)
}

/** A Unix socket that leads to a port of this machine; the only way out of a worker's network. */
async function openWayTo(port: number): Promise<string> {
  const path = join(await makeWorkdir(), 'api')
  const server = await openWay({ path }, { port, host: '127.0.0.1' })
  onTestFinished(() => void server.close())
  return path
}

/** Resolves when something listens there. */
async function demandOpen(place: string): Promise<void> {
  const [host = '', port = ''] = place.split(' ')
  const socket = connect(Number(port), host)
  await once(socket, 'connect')
  socket.destroy()
}

/** A command that says of each place whether it can be reached. */
function knock(places: readonly string[]): string {
  const tries = places.map((place) => {
    const [host = '', port = ''] = place.split(' ')
    return `(timeout 5 bash -c 'exec 3<>/dev/tcp/${host}/${port}') 2>/dev/null && echo '${place} open' || echo '${place} closed'`
  })
  return bash(tries.join('\n'))
}

describe.skipIf(node === null || !canBeAlone)(
  'a worker that reaches nothing but the api',
  { timeout: LIMIT_MS },
  () => {
    test('completes a session, whose agent reaches nothing else either', async () => {
      const { stack, agent } = use()
      const { sdk } = stack
      const { environment, key, create } = await openPlace({ stack, agent })
      const api = new URL(stack.urls[0] ?? '')
      const host = Object.values(networkInterfaces())
        .flatMap((addresses) => addresses ?? [])
        .find(({ internal, family }) => !internal && family === 'IPv4')?.address
      const here = [
        `127.0.0.1 ${temporalAddress().split(':')[1]}`,
        `127.0.0.1 ${new URL(inject('postgresUrl')).port}`,
        `127.0.0.1 ${new URL(stack.model.url).port}`,
      ]
      for (const place of here) await demandOpen(place)
      const closed = [...here, `${host ?? '192.0.2.1'} ${api.port}`, '1.1.1.1 53']
      const { id: session } = await create()
      const recording = await record(sdk, session)
      const steps = [bash('echo hello > a.txt; cat a.txt'), knock([`127.0.0.1 ${api.port}`, ...closed]), 'SAY done']
      await sdk.beta.sessions.events.send(session, { events: [program(...steps)] })
      startEnvironmentWorker(node ?? '', {
        url: api.href,
        environment,
        key,
        workdir: await makeWorkdir(),
        within: ALONE,
        through: await openWayTo(Number(api.port)),
      })
      await recording.untilSo((events) => saidIn(events).length > 0)
      const results = only(await listAll(sdk, session), 'user.tool_result').map(({ content }) => content)
      const reached = [`127.0.0.1 ${api.port} open`, ...closed.map((place) => `${place} closed`)].join('\n')
      expect(results).toEqual([[{ type: 'text', text: 'hello' }], [{ type: 'text', text: reached }]])
    })
  },
)
