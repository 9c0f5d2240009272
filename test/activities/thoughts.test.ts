import { describe, expect, test } from 'vitest'
import { createContextReader } from '../../src/activities/context.ts'
import { createCallModel } from '../../src/activities/model.ts'
import { stow } from '../../src/history/blobs.ts'
import { signThinking } from '../../src/model/demo/block.ts'
import { readRequest } from '../../src/model/demo/request.ts'
import { currentHarness } from '../../src/model/harness.ts'
import type { ModelRequest } from '../../src/model/model.ts'
import type { Entry } from '../../src/session/entry.ts'
import { SESSION, completed, decided, history, scheduled, signaled, started } from '../support/history-builders.ts'
import { createMemoryBlobs } from '../support/memory-blobs.ts'
import { answerEntries, message, resultEntry } from '../support/session-builders.ts'
import { openLog } from '../support/session-log-builders.ts'
import { inActivity, quietEnvironment } from './in-activity.ts'
import { askingPorts } from './model-scene.ts'

const tools = [{ name: 'bash', description: 'bash', input_schema: { type: 'object' as const } }]
const LONG = 'Let me see. '.repeat(10_000)
const USAGE = { input_tokens: 1, output_tokens: 1, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 }

/** An answer of thoughts and a call. */
function thinkingAnswer(request: string, call: string): readonly Entry[] {
  const thought = { type: 'thinking' as const, thinking: LONG, signature: signThinking(LONG) }
  return answerEntries({ request, calls: [[call, 'allow']] }).map((entry) =>
    entry.type === 'log.assistant' ? { ...entry, content: [thought, ...entry.content] } : entry,
  )
}

/** A session that thought long before a call: activity `1`; `2` is asked in the same turn, `3` in the next one. */
async function scene({ isLost }: { readonly isLost: boolean }) {
  const blobs = createMemoryBlobs()
  const { elements, ...beside } = await stow(blobs, SESSION, thinkingAnswer('r1', 'c1'))
  const { source, log } = openLog()
  source.grow(
    ...history(
      started(),
      signaled(message('m1')),
      decided({ type: 'log.mark', id: 'm1' }),
      scheduled('1'),
      { type: 'completed', scheduled: 4, result: { entries: elements, ...beside } },
      scheduled('call'),
      completed(6, resultEntry('c1')),
      scheduled('2'),
      signaled(message('m2')),
      decided({ type: 'log.mark', id: 'm2' }),
      scheduled('3'),
    ),
  )
  if (isLost) await blobs.clear(SESSION)
  const requests: ModelRequest[] = []
  const { callModel } = createCallModel({
    context: createContextReader(log, blobs),
    blobs,
    model: {
      async request(request) {
        // As the Messages API would refuse it, if it does.
        readRequest({ ...request, stream: true })
        requests.push(request)
        const content = [{ type: 'text' as const, text: 'on it', citations: null }]
        return { content, stopReason: 'end_turn', stopDetails: null, usage: USAGE }
      },
    },
    ...askingPorts(tools),
    publish: async () => undefined,
    heard: async () => [],
  })
  const ask = (activity: string) =>
    inActivity(
      () => callModel({ session: SESSION, request: 'r2', harness: currentHarness.id }),
      quietEnvironment(activity),
    )
  return { ask, requests }
}

describe('thoughts that the model has signed', () => {
  test('go back to it as they were', async () => {
    const { ask, requests } = await scene({ isLost: false })
    await ask('2')
    expect(JSON.stringify(requests)).toContain(JSON.stringify(LONG))
  })

  test('that are lost in the turn they are of end it, in the store’s name, and nothing is asked', async () => {
    const { ask, requests } = await scene({ isLost: true })
    const { entries, fault } = await ask('2')
    expect(entries).toEqual([])
    expect(fault).toEqual({ error: 'unknown_error', retryable: false, message: expect.stringMatching(/^store: /) })
    expect(requests).toEqual([])
  })

  test('that are lost are left out once the user has written again', async () => {
    const { ask, requests } = await scene({ isLost: true })
    expect((await ask('3')).fault).toBeUndefined()
    const blocks = requests[0]?.messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content)) ?? []
    expect(blocks.map(({ type }) => type)).toEqual(['text', 'tool_use', 'tool_result', 'text'])
  })
})
