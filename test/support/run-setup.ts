import type { TestProject } from 'vitest/node'
import { endRun } from './end-run.ts'
import { watchDaemon } from './made-containers.ts'
import { createRun, findDeadRuns, findOwnRun } from './test-run.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Letters and digits that begin the names of the run's installations. */
    runId: string
  }
}

/**
 * Gives the run's processes a temporary folder of their own. What it returns fails the run if anything is left of it on the
 * machine, and clears that away; what an earlier run has left that was killed is cleared away before. The first project's
 * set-up begins the run, and as teardown goes backwards, its teardown is the last.
 */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const present = findOwnRun()
  const run = present ?? createRun()
  project.provide('runId', run.id)
  if (present) return undefined
  for (const dead of findDeadRuns())
    await endRun(dead, 0).catch((error: unknown) => console.log(`Of a run that was killed: ${String(error)}`))
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = run.folder
  const watch = await watchDaemon(run)
  return async () => {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
    await endRun(run).finally(() => watch[Symbol.dispose]())
  }
}
