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
  const sandbox = await provider.attach(task.row)
  if (sandbox === null) throw new Error('expected the sandbox to live')
  const result = await sandbox.run({ ...task.request, timeoutMs: 60_000, capBytes: 102_400 })
  return { ...result, output: Buffer.from(result.output).toString() }
}

function createProvider(place: ClientPlace): SandboxProvider {
  if (place.kind === 'local') return createLocalProvider(place)
  return createDockerProvider({ engine: createEngine(), image: DEFAULT_IMAGE, installation: place.installation })
}

const [place = '', task = ''] = process.argv.slice(2)
console.log(JSON.stringify(await main(JSON.parse(place) as ClientPlace, JSON.parse(task) as ClientTask)))
