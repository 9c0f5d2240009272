import type { WorkflowInterceptors } from '@temporalio/workflow'

/** Activities as Temporal's own defaults would have them, but for the heartbeat, which has none: 10 s, like the others. */
export function interceptors(): WorkflowInterceptors {
  return {
    outbound: [
      {
        scheduleActivity: (input, next) =>
          next({
            ...input,
            options: { ...input.options, heartbeatTimeout: '10 seconds', retry: { maximumAttempts: 6 } },
          }),
      },
    ],
  }
}
