import { bundleWorkflows } from '../../src/activities/workflow-bundle.ts'

/** The workflows' code as a worker loads it; built once and shared. */
export interface Bundle {
  readonly code: string
}

/** Bundles what workers run, from source. */
export async function buildBundle(): Promise<Bundle> {
  return { code: await bundleWorkflows() }
}

/** The bundle with one place replaced, as if the source said so. Throws unless it is there exactly once. */
export function withChange({ code }: Bundle, from: RegExp, to: string): Bundle {
  const found = code.match(new RegExp(from, 'g'))?.length ?? 0
  if (found !== 1) throw new Error(`expected ${from} once in the bundle, found it ${found} times`)
  return { code: code.replace(from, to) }
}
