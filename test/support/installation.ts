import { inject } from 'vitest'

let installations = 0

/** An installation of its own for a test, known as the run's by its beginning; letters and digits. */
export function newInstallation(purpose: string): string {
  return `${inject('runId')}${purpose}${process.pid}x${++installations}`
}
