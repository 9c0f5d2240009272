import { appendFileSync } from 'node:fs'
import { Context } from '@temporalio/activity'
import type { WorkerOptions } from '@temporalio/worker'
import { Worker } from '@temporalio/worker'
import { now } from '../support/clock.ts'

const file = process.env['BENCH_ABORTS'] ?? ''
const create = Worker.create.bind(Worker)

type Activity = (...input: unknown[]) => unknown

/** An activity that tells when it is told to stop, and is otherwise itself. */
function telling(name: string, activity: Activity): Activity {
  return (...input) => {
    const { cancellationSignal: signal } = Context.current()
    signal.addEventListener('abort', () => appendFileSync(file, `${name} ${now()}\n`), { once: true })
    return activity(...input)
  }
}

function withTellingActivities(options: WorkerOptions): WorkerOptions {
  // What workers are created with here are functions by their names.
  const entries = Object.entries((options.activities ?? {}) as Record<string, Activity>)
  const told = entries.map(([name, activity]) =>
    name === 'callModel' || name === 'execute' ? [name, telling(name, activity)] : [name, activity],
  )
  return { ...options, activities: Object.fromEntries(told) }
}

// The worker process itself, whatever it is composed of; it only tells more.
Worker.create = (options) => create(withTellingActivities(options))
await import('../../src/worker.ts')
