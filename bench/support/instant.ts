import { fileURLToPath } from 'node:url'
import type { Program } from '../../src/dev/dev-options.ts'

/** The worker of `longhand dev` but for what runs a tool call, which returns at once. */
export const instantWorker: Program = {
  command: process.execPath,
  args: ['--import', import.meta.resolve('tsx'), fileURLToPath(import.meta.resolve('../turns/instant-worker.ts'))],
}
