import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Program } from '../../src/dev/dev-options.ts'

/** How much later a sandbox is there. */
export const stallMs = 30_000

/** The worker of `longhand dev`, which makes sandboxes that much later while there is the file. */
export const stalledWorker: Program = {
  command: process.execPath,
  args: ['--import', import.meta.resolve('tsx'), fileURLToPath(import.meta.resolve('./stalled-worker.ts'))],
}

/** Stands in a service's data folder while its provider stalls. */
export function stallFile(data: string): string {
  return join(data, 'stalled')
}

export async function setStalled(data: string, isStalled: boolean): Promise<void> {
  await (isStalled ? writeFile(stallFile(data), '') : rm(stallFile(data), { force: true }))
}
