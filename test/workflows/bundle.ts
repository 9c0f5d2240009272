import { fileURLToPath } from 'node:url'
import type { Logger } from '@temporalio/worker'
import { bundleWorkflowCode } from '@temporalio/worker'

/** The workflows' code as a worker loads it; built once and shared. */
export interface Bundle {
  readonly code: string
}

/** Bundles what workers run: `src/workflows/index.ts` from source. Rejects when the bundler warns. */
export async function buildBundle(): Promise<Bundle> {
  const workflowsPath = fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url))
  const complaints: string[] = []
  const logger = complainingLogger((message) => complaints.push(message))
  const bundle = await bundleWorkflowCode({ workflowsPath, logger })
  if (complaints.length > 0) throw new Error(`the bundler complains: ${complaints.join('; ')}`)
  return bundle
}

/** Names of the modules in a bundle, as paths from the folder of the package. */
export function modulesOf({ code }: Bundle): readonly string[] {
  return [...code.matchAll(/^\/\*\*\*\/ "([^"]+)"/gm)].map(([, name = '']) => name)
}

/** The bundle with one place replaced, as if the source said so. Throws unless it is there exactly once. */
export function withChange({ code }: Bundle, from: RegExp, to: string): Bundle {
  const found = code.match(new RegExp(from, 'g'))?.length ?? 0
  if (found !== 1) throw new Error(`expected ${from} once in the bundle, found it ${found} times`)
  return { code: code.replace(from, to) }
}

function complainingLogger(complain: (message: string) => void): Logger {
  const ignore = (): void => undefined
  return {
    trace: ignore,
    debug: ignore,
    info: ignore,
    warn: complain,
    error: complain,
    log: (level, message) => (level === 'WARN' || level === 'ERROR' ? complain(message) : undefined),
  }
}
