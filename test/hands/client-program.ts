import { createDockerProvider } from '../../src/hands/docker/docker.ts'
import { createEngine } from '../../src/hands/docker/dockerode.ts'
import { DEFAULT_IMAGE } from '../../src/hands/docker/image.ts'
import { createLocalProvider } from '../../src/hands/local.ts'
import type { SandboxProvider } from '../../src/hands/sandbox.ts'
import type { ClientPlace, ClientTask } from './local-sandboxes.ts'

/** One worker of a test: where its sandboxes are and a task, as JSON; prints what came of it as JSON. */
async function main(place: ClientPlace, task: ClientTask): Promise<unknown> {
  const provider = createProvider(place)
  if (task.do === 'provision') return provider.provision(task)
  if (task.do === 'mount') {
    const cargo = await provider.cargo(task.row)
    return cargo?.mount({ path: task.path, size: 10, sha256: '', source: endless })
  }
  const sandbox = await provider.attach(task.row)
  if (sandbox === null) throw new Error('expected the sandbox to live')
  const result = await sandbox.run({ ...task.request, timeoutMs: 60_000, capBytes: 102_400 })
  return { ...result, output: Buffer.from(result.output).toString() }
}

/** Says that it was asked, gives less than was said, and never ends. */
async function* endless(): AsyncGenerator<Uint8Array, void> {
  yield Buffer.from('half')
  console.log('asked')
  await new Promise((resolve) => setTimeout(resolve, 60_000))
}

function createProvider(place: ClientPlace): SandboxProvider {
  if (place.kind === 'local') return createLocalProvider(place)
  return createDockerProvider({ engine: createEngine(), image: DEFAULT_IMAGE, installation: place.installation })
}

const [place = '', task = ''] = process.argv.slice(2)
console.log(JSON.stringify(await main(JSON.parse(place) as ClientPlace, JSON.parse(task) as ClientTask)))
