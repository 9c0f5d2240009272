import { RecipeFailed } from '../recipe.ts'
import type { Engine } from './engine.ts'

/** Rejects with `RecipeFailed` when the daemon does not have a runtime that is asked for. */
export async function requireRuntime(engine: Pick<Engine, 'info'>, runtime: string | undefined): Promise<void> {
  if (runtime === undefined) return
  const { runtimes } = await engine.info()
  if (runtimes.includes(runtime)) return
  throw new RecipeFailed(`runtime: expected one that this host has (${runtimes.join(', ')}), got ${runtime}`)
}

/**
 * Whether sandboxes under this runtime have a kernel of their own, by its name: gVisor's or a virtual machine's. What it
 * limits does not show as it does under the host's.
 */
export function hasOwnKernel(runtime: string | undefined): boolean {
  return runtime !== undefined && /runsc|gvisor|kata/i.test(runtime)
}
