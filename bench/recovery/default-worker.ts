import { fileURLToPath } from 'node:url'
import type { WorkerOptions } from '@temporalio/worker'
import { Worker } from '@temporalio/worker'

const create = Worker.create.bind(Worker)

const workflowsPath = fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url))
const workflowModules = [fileURLToPath(new URL('./default-interceptors.ts', import.meta.url))]

function withDefaults(options: WorkerOptions): WorkerOptions {
  // Without it the SDK takes its own, 10 s.
  const { stickyQueueScheduleToStartTimeout: _, workflowBundle, ...rest } = options
  // A bundle that is made already takes no interceptors.
  return workflowBundle === undefined ? rest : { ...rest, workflowsPath, interceptors: { workflowModules } }
}

// The worker process itself, whatever it is composed of: nothing but its time-outs differs from the one it stands beside.
Worker.create = (options) => create(withDefaults(options))
await import('../../src/worker.ts')
