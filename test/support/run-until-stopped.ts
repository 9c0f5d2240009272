import type { StatusWriter } from '../../src/activities/status-writer.ts'

/** What workers said of their sessions is written before they count as ended. */
export async function runUntilStopped(
  workers: readonly { run(): Promise<void> }[],
  writer: StatusWriter,
): Promise<void> {
  try {
    await Promise.all(workers.map((worker) => worker.run()))
  } finally {
    await writer.close()
  }
}
