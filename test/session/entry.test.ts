import { describe, expect, test } from 'vitest'
import { isPrivate, isQueued } from '../../src/session/entry.ts'

describe('an entry', () => {
  test.each(['log.mark', 'log.minted', 'log.of a later version'])('of type %s stays in the log', (type) => {
    expect(isPrivate({ type } as Parameters<typeof isPrivate>[0])).toBe(true)
  })

  test.each(['agent.message', 'session.error', 'logical'])('of type %s is shown', (type) => {
    expect(isPrivate({ type } as Parameters<typeof isPrivate>[0])).toBe(false)
  })

  test.each([
    ['user.message', true],
    ['user.interrupt', true],
    ['system.message', true],
    ['user.tool_confirmation', false],
    ['user.custom_tool_result', false],
    ['user.define_outcome', false],
  ])('of type %s waits in the queue: %s', (type, queued) => {
    expect(isQueued({ type })).toBe(queued)
  })
})
