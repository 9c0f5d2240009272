import { join } from 'node:path'
import type { WorkerOptions } from '@temporalio/worker'
import { Worker } from '@temporalio/worker'
import { createExecute } from '../../src/activities/execute.ts'
import { readConfig } from '../../src/config.ts'
import { createFolderBlobs } from '../../src/store/folder-blobs.ts'

const create = Worker.create.bind(Worker)
const blobs = createFolderBlobs(join(readConfig({}, process.env).data, 'blobs'))
const instant = createExecute({ execute: async () => ({ text: '(no output)', isError: false }) }, blobs)

function withInstantHands(options: WorkerOptions): WorkerOptions {
  const { activities } = options
  return activities && 'execute' in activities ? { ...options, activities: { ...activities, ...instant } } : options
}

// The worker process itself, whatever it is composed of: only what runs a tool is another, and takes no time.
Worker.create = (options) => create(withInstantHands(options))
await import('../../src/worker.ts')
