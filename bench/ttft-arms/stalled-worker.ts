import { existsSync } from 'node:fs'
import { Context } from '@temporalio/activity'
import type { WorkerOptions } from '@temporalio/worker'
import { Worker } from '@temporalio/worker'
import { readConfig } from '../../src/config.ts'
import { stallFile, stallMs } from './stall.ts'

const create = Worker.create.bind(Worker)
const file = stallFile(readConfig({}, process.env).data)
const beatMs = 500

type Activity = (...args: readonly unknown[]) => Promise<unknown>

function withStalls(options: WorkerOptions): WorkerOptions {
  if (!options.activities || !('provision' in options.activities)) return options
  // What the hands register: functions all of them.
  const { provision, ...rest } = options.activities as Readonly<Record<string, Activity>> & { provision: Activity }
  const stalled: Activity = async (...args) => {
    await stall()
    return provision(...args)
  }
  return { ...options, activities: { ...rest, provision: stalled } }
}

/** Rejects when the session is gone meanwhile. */
async function stall(): Promise<void> {
  const context = Context.current()
  const endAt = performance.now() + (existsSync(file) ? stallMs : 0)
  while (performance.now() < endAt) {
    context.heartbeat()
    await context.sleep(beatMs)
  }
}

// The worker process itself, whatever it is composed of: only that sandboxes are made late, while there is a file.
Worker.create = (options) => create(withStalls(options))
await import('../../src/worker.ts')
