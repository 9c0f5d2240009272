import { describe, expect, test } from 'vitest'
import type { Model } from '../../src/model/model.ts'
import { ModelFailure } from '../../src/model/model.ts'
import type { SessionEvent } from '../../src/wire/types.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import { bash, createSession, listAll, only, program, saidIn, settled, turn } from './drive.ts'
import { useStack } from './use-stack.ts'

/** Characters of a request that this test's model takes. */
const LONGEST_REQUEST = 60_000
const STEPS = 14

function strict(model: Model): Model {
  return {
    async request(request, options) {
      const { length } = JSON.stringify(request.messages)
      if (length > LONGEST_REQUEST)
        throw new ModelFailure({ kind: 'too_long', retryable: false, message: `prompt is too long: ${length}` })
      return model.request(request, options)
    },
  }
}

const context = {
  window: 12_000,
  trimAt: 0.5,
  compactAt: 0.75,
  keepRounds: 1,
  compactionsInARow: 3,
  trimmed: '# left out',
  longest: 2_000,
  resumes: true as const,
}
const use = useStack({ policy: { context }, between: strict })

async function expectSound(session: string, streamed: readonly SessionEvent[]): Promise<void> {
  const listed = await listAll(use().stack.sdk, session)
  expect(faultsOfLog(streamed, 'stream')).toEqual([])
  expect(faultsOfLog(listed, 'list')).toEqual([])
  expect(listed).toEqual(settled(streamed))
}

/** What went to the model since the last look. */
function requestsSince(seen: number): readonly string[] {
  return use()
    .stack.model.requests.slice(seen)
    .map(({ bytes }) => bytes)
}

describe('a context that grows full', () => {
  test('is trimmed and summarised on the way, and the work goes on as if it were not', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const seen = stack.model.requests.length
    const steps = Array.from({ length: STEPS }, (_, step) => bash(`echo ${step} ${'x'.repeat(1_500)}`))
    const events = await turn(stack.sdk, session, program(...steps, 'SAY done'))
    await expectSound(session, events)
    expect(saidIn(events).at(-1)).toBe('done')
    const commands = only(events, 'agent.tool_use').map(({ input }) => String(input['command']).slice(0, 7).trim())
    expect(commands).toEqual(steps.map((_, step) => `echo ${step}`.slice(0, 7).trim()))

    const compacted = only(events, 'agent.thread_context_compacted').length
    expect(compacted).toBeGreaterThan(0)
    const requests = requestsSince(seen)
    expect(requests).toHaveLength(STEPS + 1 + compacted)
    expect(only(events, 'span.model_request_end')).toHaveLength(requests.length)
    expect(requests.some((request) => request.includes(context.trimmed))).toBe(true)
    expect(Math.max(...requests.map(({ length }) => length))).toBeLessThan(context.window * 4)

    const { usage } = await stack.sdk.beta.sessions.retrieve(session)
    const spent = only(events, 'span.model_request_end').map(({ model_usage: used }) => used.output_tokens)
    expect(usage.output_tokens).toBe(spent.reduce((sum, tokens) => sum + tokens, 0))
  })

  test('makes room for a message that is too long for the model, and answers it', async () => {
    const { stack } = use()
    const session = await createSession(use())
    await turn(stack.sdk, session, program('SAY first'))
    const events = await turn(stack.sdk, session, program('SAY second', ...Array(40).fill(`# ${'y'.repeat(2_000)}`)))
    expect(faultsOfLog(events, 'stream')).toEqual([])
    expect(saidIn(events)).toEqual(['second'])
    expect(only(events, 'agent.thread_context_compacted')).toHaveLength(1)
    expect(only(events, 'session.error')).toEqual([])
    expect(only(events, 'span.model_request_end').map(({ is_error: failed }) => failed)).toEqual([
      true,
      true,
      false,
      false,
    ])
    expect(only(events, 'session.status_idle')).toMatchObject([{ stop_reason: { type: 'end_turn' } }])
  })

  test('is summed up when an answer ends where the window does, and the answer goes on', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const events = await turn(stack.sdk, session, program('SAY "so f"', 'FULL', 'SAY "so far, so good"'))
    await expectSound(session, events)
    expect(saidIn(events)).toEqual(['so f', 'so far, so good'])
    expect(only(events, 'agent.thread_context_compacted')).toHaveLength(1)
    expect(only(events, 'span.model_request_end')).toHaveLength(3)
    expect(only(events, 'session.status_idle')).toMatchObject([{ stop_reason: { type: 'end_turn' } }])
  })
})
