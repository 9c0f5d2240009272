import { describe, expect, test } from 'vitest'
import { ToolError, execute, provision } from '../src/index.ts'
import { createFakeProvider } from './hands/fake-provider.ts'
import { createScriptedHands } from './sdk/scripted-hands.ts'

describe('the verb execute', () => {
  const context = { sessionId: 'sesn_1', toolUseId: 'sevt_1', abandoned: [], signal: new AbortController().signal }

  test('answers the text of a tool', async () => {
    const call = { name: 'bash', input: { command: 'ls' } }
    expect(await execute(createScriptedHands(), call, context)).toBe('bash: ls')
  })

  test('rejects with what a failed tool said', async () => {
    const failed = execute(createScriptedHands(), { name: 'bash', input: { command: 'fail' } }, context)
    await expect(failed).rejects.toThrow(new ToolError('bash: fail'))
  })
})

describe('the verb provision', () => {
  test('makes the sandbox of a generation once', async () => {
    const provider = createFakeProvider()
    const key = { sessionId: 'sesn_1', generation: 1 }
    const row = await provision(provider, key)
    expect(row).toMatchObject(key)
    expect(await provision(provider, key)).toEqual(row)
    expect(provider.made).toHaveLength(1)
  })
})
