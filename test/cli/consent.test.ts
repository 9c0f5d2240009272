import { describe, expect, test } from 'vitest'
import { askConsent } from '../../src/cli/consent.ts'

interface Asked {
  readonly code: number | null
  readonly out: readonly string[]
  readonly err: readonly string[]
  readonly questions: readonly string[]
}

const CTRL_C = Symbol('Ctrl+C')

/** `answer` is what a person at the terminal says; null when there is none. */
async function consent(answer: string | typeof CTRL_C | null, yes = false): Promise<Asked> {
  const out: string[] = []
  const err: string[] = []
  const questions: string[] = []
  async function ask(question: string): Promise<string | null> {
    questions.push(question)
    return answer === CTRL_C ? null : answer
  }
  const code = await askConsent({
    task: 'sort\nmy photos',
    model: 'claude-x at api.anthropic.com, with your key',
    yes,
    ask: answer === null ? null : ask,
    print: (line) => out.push(line),
    warn: (line) => err.push(line),
  })
  return { code, out, err, questions }
}

describe('consent to a live demo', () => {
  test('is asked for after saying what it does, with which model, and that it spends', async () => {
    const { out, questions } = await consent('n')
    expect(out.slice(0, 4)).toEqual([
      'live    sort my photos',
      '        An agent does this in a sandbox. Its worker is killed once, in the middle, and another takes over.',
      'model   claude-x at api.anthropic.com, with your key',
      '        This spends: each step of the agent is a model call that you pay, and nothing limits their number',
    ])
    expect(questions).toEqual(['Go ahead and spend? [y/N] '])
  })

  test.each(['y', 'yes', ' Y '])('is given by %j', async (answer) => {
    expect(await consent(answer)).toMatchObject({ code: null, err: [] })
  })

  test.each(['', 'n', 'no', 'maybe', 'yesterday'])('is not given by %j', async (answer) => {
    expect(await consent(answer)).toMatchObject({ code: 3, err: ['Nothing was started or spent.'] })
  })

  test('is not given by Ctrl+C, which ends the command as it does elsewhere', async () => {
    expect(await consent(CTRL_C)).toMatchObject({ code: 130, err: ['Nothing was started or spent.'] })
  })

  test('is given by --yes, with and without a terminal, and nobody is asked', async () => {
    expect(await consent(null, true)).toMatchObject({ code: null, err: [] })
    expect(await consent('n', true)).toMatchObject({ code: null, questions: [] })
  })

  test('is not assumed without a terminal', async () => {
    const { code, err } = await consent(null)
    expect(code).toBe(3)
    expect(err).toEqual([expect.stringMatching(/^Nothing was started or spent: .* --yes\.$/)])
  })
})
