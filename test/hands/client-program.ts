import { createLocalProvider } from '../../src/hands/local.ts'
import type { ClientTask } from './local-sandboxes.ts'

/** One worker of a test: `folder` and a task as JSON; prints what came of it as JSON. */
async function main(folder: string, task: ClientTask): Promise<unknown> {
  const provider = createLocalProvider({ folder })
  if (task.do === 'provision') return provider.provision(task)
  const sandbox = await provider.attach(task.row)
  if (sandbox === null) throw new Error('expected the sandbox to live')
  const result = await sandbox.run({ ...task.request, timeoutMs: 60_000, capBytes: 102_400 })
  return { ...result, output: Buffer.from(result.output).toString() }
}

const [folder = '', task = ''] = process.argv.slice(2)
console.log(JSON.stringify(await main(folder, JSON.parse(task) as ClientTask)))
