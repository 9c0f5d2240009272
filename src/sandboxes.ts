import { join } from 'node:path'
import type { Config } from './config.ts'
import { StartError } from './dev/start-error.ts'
import { createLocalProvider } from './hands/local.ts'
import type { SandboxProvider } from './hands/sandbox.ts'

/** The provider that the configuration asks for. Throws `StartError` for one that there is not. */
export function createSandboxProvider({ data, sandbox }: Pick<Config, 'data' | 'sandbox'>): SandboxProvider {
  if (sandbox === 'docker') throw new StartError('Docker sandboxes are not built yet', 'Use --sandbox local or auto.')
  return createLocalProvider({ folder: join(data, 'sandboxes') })
}

/** Where the local sandboxes of a data folder live. */
export function sandboxFolder(data: string): string {
  return join(data, 'sandboxes')
}
