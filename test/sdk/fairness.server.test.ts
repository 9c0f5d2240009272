import type { WorkflowHandle } from '@temporalio/client'
import { describe, expect, test } from 'vitest'
import { createSession, program, saidIn, turn } from './drive.ts'
import { useStack } from './use-stack.ts'

const use = useStack({ policy: { run: { events: 20, signals: 1_000, bytes: 2 * 1024 * 1024 } } })

/** The fairness keys that stand in the history of a session's present run, and the run before it. */
async function keysOf(handle: WorkflowHandle) {
  const { events } = await handle.fetchHistory()
  const started = events?.[0]?.workflowExecutionStartedEventAttributes
  return {
    previous: started?.continuedExecutionRunId ?? '',
    key: started?.priority?.fairnessKey,
    scheduled: (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: attributes }) =>
      attributes ? [attributes.priority?.fairnessKey ?? ''] : [],
    ),
  }
}

describe('a session of a workspace', () => {
  test('has its fairness key in every run, and its activities have none of their own', async () => {
    const { stack } = use()
    const session = await createSession(use())
    for (let n = 0; n < 4; n++) expect(saidIn(await turn(stack.sdk, session, program(`SAY ${n}`)))).toContain(`${n}`)
    const { workflow } = stack.temporal
    const present = await keysOf(workflow.getHandle(session))
    expect(present.previous).not.toBe('')
    const before = await keysOf(workflow.getHandle(session, present.previous))
    expect([before.key, present.key]).toEqual(['default', 'default'])
    expect(new Set([...before.scheduled, ...present.scheduled])).toEqual(new Set(['']))
    expect(before.scheduled.length).toBeGreaterThan(0)
  })
})
