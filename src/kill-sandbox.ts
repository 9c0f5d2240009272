import Docker from 'dockerode'
import type { SandboxRow } from './hands/bindings.ts'
import { createGenerationFolders } from './hands/generation-folder.ts'
import { endProcess } from './hands/sandbox-process.ts'
import { sandboxFolder } from './sandboxes.ts'

/**
 * Ends a sandbox from outside and past its provider, as a host does that runs out of memory. Answers the command that
 * would have done it.
 * @param data the data folder of the server that made it.
 */
export async function killSandbox({ provider, reference }: SandboxRow, data: string): Promise<string> {
  if (provider === 'docker') {
    await new Docker().getContainer(reference).kill()
    return `docker kill ${reference.slice(0, 4)}…`
  }
  const first = await createGenerationFolders(sandboxFolder(data)).identity(reference)
  if (first === null) throw new Error('expected a sandbox that runs')
  await endProcess(first)
  return `kill -9 ${first.pid}`
}
