import { ConfigError } from './config.ts'
import { onSupervisorGone } from './dev/ready.ts'
import { StartError } from './dev/start-error.ts'
import type { Log } from './log.ts'

/** Resolves when the process is asked to stop: by a signal, or because its supervisor is gone. */
export async function stopRequested(): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => resolve())
    onSupervisorGone(resolve)
  })
  // Else the channel to the supervisor would keep the process alive when its work is done.
  process.channel?.unref()
}

/** Says why the process ends, in one plain line where a person can mend it, else in the log. Answers the exit code. */
export function explainEnd(error: unknown, log: Log): number {
  if (error instanceof ConfigError || error instanceof StartError) {
    process.stderr.write(`${error instanceof StartError ? `${error.message}. ${error.remedy}` : error.message}\n`)
    return error.exitCode
  }
  log.fatal({ err: error }, 'the process cannot go on')
  return 5
}
