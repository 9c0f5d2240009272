import { describe, expect, test } from 'vitest'
import type { ToolUse } from '../../src/cli/approval.ts'
import { askApproval } from '../../src/cli/approval.ts'
import { DENIAL_LENGTH } from '../../src/wire/limits.ts'
import { asks } from './events.ts'

const CTRL_C = null
const CTRL_D = undefined

interface Asked {
  readonly answer: Awaited<ReturnType<typeof askApproval>>
  readonly lines: readonly string[]
  readonly questions: readonly string[]
}

/** Asks about calls `1` to `n` a person who types these lines, one for each question. */
async function approve(typed: readonly (string | null | undefined)[], n = 1): Promise<Asked> {
  const lines: string[] = []
  const questions: string[] = []
  const left = [...typed]
  const calls = Array.from({ length: n }, (_, index) => asks(`${index + 1}`, 'bash', { command: `echo ${index + 1}` }))
  // The builder makes what the wire carries.
  const answer = await askApproval(calls as ToolUse[], {
    print: (line) => lines.push(line),
    ask: async (question) => {
      questions.push(question)
      if (left.length === 0) throw new Error('asked once too often')
      return left.shift()
    },
    signal: new AbortController().signal,
  })
  return { answer, lines, questions }
}

const about = { type: 'user.tool_confirmation', tool_use_id: '1' }

describe('an approval', () => {
  test.each(['y', 'Y', 'yes', ' yes '])('is a yes by %j', async (typed) => {
    expect((await approve([typed])).answer).toEqual([{ ...about, result: 'allow' }])
  })

  test.each(['', '  ', 'n', 'N', 'no'])('is a no by %j', async (typed) => {
    expect((await approve([typed])).answer).toEqual([{ ...about, result: 'deny' }])
  })

  test.each(['not today', 'yes, but not today', 'ok', 'n '.repeat(3)])('is a no with the note %j', async (typed) => {
    expect((await approve([typed])).answer).toEqual([{ ...about, result: 'deny', deny_message: typed.trim() }])
  })

  test('takes a note as long as the server does, as that counts it, and asks again after a longer one', async () => {
    const longest = '😀'.repeat(DENIAL_LENGTH / 2)
    const { answer, lines, questions } = await approve([`${longest}x`, longest])
    expect(answer).toEqual([{ ...about, result: 'deny', deny_message: longest }])
    expect(lines).toContain(`        That note is longer than ${DENIAL_LENGTH} characters.`)
    expect(questions).toHaveLength(2)
  })

  test.each(['q', '?', 'j'])('is none by %j: that is explained, and asked again', async (typed) => {
    const { answer, lines, questions } = await approve([typed, 'y'])
    expect(answer).toEqual([{ ...about, result: 'allow' }])
    expect(lines).toContainEqual(expect.stringContaining('y allows it.'))
    expect(questions).toEqual(Array(2).fill('        Allow? [y]es, [N]o, or a note for the agent: '))
  })

  test('is asked for below the call, and for each of several', async () => {
    const { answer, lines } = await approve(['y', 'n'], 2)
    expect(lines).toEqual(['asks    1 of 2', '  bash  echo 1', 'asks    2 of 2', '  bash  echo 2'])
    expect(answer).toMatchObject([
      { tool_use_id: '1', result: 'allow' },
      { tool_use_id: '2', result: 'deny' },
    ])
  })

  test.each([
    ['130 when the person presses Ctrl+C', CTRL_C, 130],
    ['3 when the person presses Ctrl+D', CTRL_D, 3],
  ])('is none, and ends with %s, also after a word on another call', async (_what, typed, code) => {
    expect((await approve([typed])).answer).toBe(code)
    expect((await approve(['y', typed], 2)).answer).toBe(code)
  })
})
