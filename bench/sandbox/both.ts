import { createEngine } from '../../src/hands/docker/dockerode.ts'
import { DEFAULT_IMAGE } from '../../src/hands/docker/image.ts'
import { HandsUnavailable } from '../../src/hands/hands.ts'
import type { Context, Outcome } from '../support/benchmark.ts'
import type { Series } from '../support/result.ts'

type Measure = (context: Context) => Promise<readonly Series[]>

/** Local sandboxes, and those of Docker where its daemon has the image; without it the outcome says why. */
export async function measureBoth(
  context: Context,
  { local: measureLocal, docker: measureDocker }: { readonly local: Measure; readonly docker: Measure },
): Promise<Outcome> {
  const local = await measureLocal(context)
  const reason = await whyNoDocker()
  if (reason !== undefined) return { series: local, flags: [], notes: [`Docker: skipped, ${reason}`] }
  return { series: [...local, ...(await measureDocker(context))], flags: [`image ${DEFAULT_IMAGE}`] }
}

/** Why no Docker sandboxes can be measured here; undefined when they can. */
export async function whyNoDocker(): Promise<string | undefined> {
  try {
    return (await createEngine().hasImage(DEFAULT_IMAGE)) ? undefined : `the daemon has no image ${DEFAULT_IMAGE}`
  } catch (error) {
    if (error instanceof HandsUnavailable) return error.message
    throw error
  }
}
