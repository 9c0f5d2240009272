import type { ChildProcess } from 'node:child_process'

const readyMessage = 'longhand:ready'

/** Child side: tells the supervisor that this process serves. Without a supervisor it does nothing. */
export function announceReady(): void {
  process.send?.(readyMessage)
}

/** Child side: calls `stop` once when the supervisor is gone, however it ended. Never without a supervisor. */
export function onSupervisorGone(stop: () => void): void {
  if (process.connected) process.once('disconnect', stop)
}

/** Supervisor side: resolves when the child has announced itself; rejects when `signal` aborts. */
export function awaitReady(child: ChildProcess, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    function settle(act: () => void): void {
      child.off('message', onMessage)
      signal.removeEventListener('abort', onAbort)
      act()
    }
    function onMessage(message: unknown): void {
      if (message === readyMessage) settle(resolve)
    }
    function onAbort(): void {
      settle(() => reject(signal.reason))
    }
    if (signal.aborted) return reject(signal.reason)
    child.on('message', onMessage)
    signal.addEventListener('abort', onAbort)
  })
}
