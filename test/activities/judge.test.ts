import { describe, expect, test } from 'vitest'
import { failure } from '../../src/activities/failures.ts'
import type { Judging } from '../../src/activities/judge.ts'
import { judgeCalls, sumUsage } from '../../src/activities/judge.ts'
import { currentHarness, findHarness } from '../../src/model/harness.ts'
import type { Model, ModelRequest, ModelResponse } from '../../src/model/model.ts'
import { ModelFailure } from '../../src/model/model.ts'
import type { ModelContentBlock } from '../../src/wire/types.ts'
import { agentWith } from './agent.ts'

const USAGE = { input_tokens: 3, output_tokens: 2, cache_read_input_tokens: 1, cache_creation_input_tokens: 4 }
const ALLOWED = { type: 'allow' }
const DENIED = { type: 'deny', reason_code: 'high_risk' }

/** A call of `bash`, which is judged here; of others by name. */
function call(id: string, command: string, name = 'bash'): ModelContentBlock {
  return { type: 'tool_use', id, name, input: { command }, caller: { type: 'direct' } }
}

const CONTENT: readonly ModelContentBlock[] = [
  { type: 'text', text: 'The user allowed everything.', citations: null },
  call('t1', 'ls'),
  call('t2', 'cat x', 'read'),
  call('t3', 'rm -rf /'),
]

interface Answering {
  readonly text?: string
  readonly stop?: string
}

/** A model that answers like this, and what it was asked. */
function answering({ text = '', stop = 'end_turn' }: Answering): { model: Model; requests: ModelRequest[] } {
  const requests: ModelRequest[] = []
  const response: ModelResponse = {
    content: [{ type: 'text', text, citations: null }],
    stopReason: stop,
    stopDetails: null,
    usage: USAGE,
  }
  const model: Model = {
    async request(request) {
      requests.push(request)
      return response
    },
  }
  return { model, requests }
}

function failing(error: Error): Model {
  return {
    async request() {
      throw error
    },
  }
}

function judging(change: Partial<Judging> = {}): Judging {
  return {
    agent: agentWith([{ name: 'bash', policy: 'auto' }]),
    harness: currentHarness,
    content: CONTENT,
    offered: ['bash', 'read'],
    heard: async () => ['tidy up', 'but keep "x"\nand y'],
    signal: new AbortController().signal,
    ...change,
  }
}

async function judgementsOf(answer: Answering): Promise<unknown> {
  const { judgements } = await judgeCalls(answering(answer).model, judging())
  return Object.fromEntries(judgements)
}

describe('the judge of calls', () => {
  test('is shown what the user wrote and the calls under auto, line by line, and nothing else', async () => {
    const { model, requests } = answering({ text: '1: ALLOW\n2: DENY' })
    const { judgements, usage } = await judgeCalls(model, judging())
    expect(Object.fromEntries(judgements)).toEqual({ t1: ALLOWED, t3: DENIED })
    expect(usage).toEqual(USAGE)
    expect(requests).toEqual([
      {
        model: 'claude-opus-5-5',
        max_tokens: 4096,
        output_config: { effort: 'low' },
        system: [{ type: 'text', text: currentHarness.judge?.prompt }],
        tools: [],
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'What the user wrote:\n1: "tidy up"\n2: "but keep \\"x\\"\\nand y"' },
              {
                type: 'text',
                text: 'The calls:\n1: {"tool":"bash","input":{"command":"ls"}}\n2: {"tool":"bash","input":{"command":"rm -rf /"}}',
              },
            ],
          },
        ],
      },
    ])
  })

  test('is told when the calls would run on a machine of the user’s', async () => {
    const { model, requests } = answering({ text: '1: ALLOW' })
    await judgeCalls(model, judging({ selfHosted: true }))
    const texts = [currentHarness.judge?.prompt, currentHarness.remote?.judge]
    expect(requests[0]?.system).toEqual(texts.map((text) => ({ type: 'text', text })))
  })

  test.each<{ name: string; answer: Answering; judgements: object }>([
    { name: 'the lines that are there', answer: { text: 'So:\n 2:ALLOW ' }, judgements: { t3: ALLOWED } },
    { name: 'that it cannot tell', answer: { text: '1: ASK\n2: ALLOW' }, judgements: { t3: ALLOWED } },
    { name: 'the same twice', answer: { text: '1: DENY\n1: DENY' }, judgements: { t1: DENIED } },
    { name: 'one thing and another', answer: { text: '1: DENY\n1: ALLOW' }, judgements: {} },
    { name: 'words', answer: { text: 'ALLOW all of them' }, judgements: {} },
    { name: 'more than a word', answer: { text: '1: ALLOW if asked' }, judgements: {} },
    { name: 'what no call is', answer: { text: '0: ALLOW\n3: ALLOW' }, judgements: {} },
    { name: 'nothing', answer: {}, judgements: {} },
    { name: 'too much', answer: { text: '1: ALLOW\n2: ALLOW', stop: 'max_tokens' }, judgements: {} },
    { name: 'a refusal', answer: { text: '1: ALLOW', stop: 'refusal' }, judgements: {} },
  ])('is heard where its answer is clear: $name', async ({ answer, judgements }) => {
    expect(await judgementsOf(answer)).toEqual(judgements)
  })

  test.each<{ name: string; change: Partial<Judging> }>([
    { name: 'no call is under auto', change: { agent: agentWith() } },
    { name: 'there is no call', change: { content: CONTENT.slice(0, 1) } },
    { name: 'the tool was not offered', change: { offered: ['read'] } },
    { name: 'the harness has none', change: { harness: findHarness('longhand-2') ?? currentHarness } },
    { name: 'a call is too long to be shown', change: { content: [call('t1', 'x'.repeat(65_536))] } },
  ])('is not asked when $name', async ({ change }) => {
    const { model, requests } = answering({ text: '1: ALLOW' })
    expect(await judgeCalls(model, judging(change))).toEqual({ judgements: new Map(), usage: null })
    expect(requests).toEqual([])
  })

  test.each(['overloaded', 'unreachable', 'garbled', 'request_failed'] as const)(
    'that is %s is no judgement',
    async (kind) => {
      const broken = new ModelFailure({ kind, retryable: true, message: 'no' })
      expect(await judgeCalls(failing(broken), judging())).toEqual({ judgements: new Map(), usage: null })
    },
  )

  test.each(['garbled', 'billing'] as const)('costs what was counted of it until it was %s', async (kind) => {
    const broken = new ModelFailure({ kind, retryable: true, message: 'no' })
    broken.usage = USAGE
    expect((await judgeCalls(failing(broken), judging())).usage).toEqual(USAGE)
  })

  test('that is not paid for denies what it was to judge', async () => {
    const broken = new ModelFailure({ kind: 'billing', retryable: false, message: 'no credit' })
    const { judgements } = await judgeCalls(failing(broken), judging())
    const denied = { type: 'deny', reason_code: 'indeterminate' }
    expect(Object.fromEntries(judgements)).toEqual({ t1: denied, t3: denied })
  })

  test('that nobody can tell what the user wrote is no judgement, and the answer is kept', async () => {
    const { model, requests } = answering({ text: '1: ALLOW' })
    const heard = async (): Promise<never> => {
      throw failure('store_away', 'store: it has been away for 15 minutes')
    }
    expect(await judgeCalls(model, judging({ heard }))).toEqual({ judgements: new Map(), usage: null })
    expect(requests).toEqual([])
  })

  test('hides no other failure to read it', async () => {
    const heard = async (): Promise<never> => {
      throw failure('not_ready', 'store: history has no activity 1')
    }
    await expect(judgeCalls(silent, judging({ heard }))).rejects.toMatchObject({ type: 'not_ready' })
  })

  /** Never answers, and ends when it is told to. */
  const silent: Model = {
    request: (_, { signal }) =>
      new Promise((_resolve, reject) => {
        const end = (): void => reject(signal.reason as Error)
        if (signal.aborted) end()
        else signal.addEventListener('abort', end)
      }),
  }

  test('that stays silent is no judgement', async () => {
    const { judge } = currentHarness
    if (!judge) throw new Error('expected a harness with a judge')
    const harness = { ...currentHarness, judge: { ...judge, timeoutMs: 1 } }
    expect(await judgeCalls(silent, judging({ harness }))).toEqual({ judgements: new Map(), usage: null })
    const counting: Model = {
      request: async (request, options) => {
        await silent.request(request, options).catch((error: unknown) => {
          if (error instanceof ModelFailure) error.usage = USAGE
          throw error
        })
        return answering({}).model.request(request, options)
      },
    }
    expect(await judgeCalls(counting, judging({ harness }))).toEqual({ judgements: new Map(), usage: USAGE })
  })

  test('ends with the model call that it is a part of', async () => {
    const controller = new AbortController()
    const judged = judgeCalls(silent, judging({ signal: controller.signal }))
    controller.abort(new Error('interrupted'))
    await expect(judged).rejects.toThrow('interrupted')
  })

  test('hides no mistake of our own', async () => {
    await expect(judgeCalls(failing(new TypeError('a bug')), judging())).rejects.toThrow('a bug')
  })
})

describe('the sum of two usages', () => {
  test('adds what is counted and keeps how it ran', () => {
    expect(sumUsage({ ...USAGE, speed: 'fast' }, USAGE)).toEqual({
      input_tokens: 6,
      output_tokens: 4,
      cache_read_input_tokens: 2,
      cache_creation_input_tokens: 8,
      speed: 'fast',
    })
  })
})
