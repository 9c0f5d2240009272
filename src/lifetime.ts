import { onSupervisorGone } from './dev/ready.ts'

/** Resolves when the process is asked to stop: by a signal, or because its supervisor is gone. */
export async function stopRequested(): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => resolve())
    onSupervisorGone(resolve)
  })
  // Else the channel to the supervisor would keep the process alive when its work is done.
  process.channel?.unref()
}
