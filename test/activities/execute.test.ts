import { ActivityCancellationDetails, ApplicationFailure } from '@temporalio/common'
import type { MockActivityEnvironment } from '@temporalio/testing'
import { describe, expect, test } from 'vitest'
import { createExecute } from '../../src/activities/execute.ts'
import type { Hands, ToolContext } from '../../src/hands/hands.ts'
import { HandsUnavailable } from '../../src/hands/hands.ts'
import { stow } from '../../src/history/blobs.ts'
import { StoreAway } from '../../src/store/away.ts'
import { createMemoryBlobs } from '../support/memory-blobs.ts'
import { inActivity, quietEnvironment } from './in-activity.ts'

const input = {
  session: 'sesn_1',
  call: { id: 'sevt_1', name: 'bash', input: { command: 'ls' } },
  abandoned: ['sevt_0'],
}

function run(execute: Hands['execute'], environment?: MockActivityEnvironment) {
  const activity = createExecute({ execute }, createMemoryBlobs())
  return inActivity(() => activity.execute(input), environment)
}

const LONG = `echo ${'x'.repeat(100_000)}`

/** A call whose command is kept elsewhere, and the store that keeps it. */
async function largeCall() {
  const blobs = createMemoryBlobs()
  const { elements, blobs: refs } = await stow(blobs, 'sesn_1', [{ ...input.call, input: { command: LONG } }])
  const call = { ...input.call, ...elements[0], ...(refs?.[0] ? { blobs: refs[0] } : {}) }
  return { blobs, asked: { ...input, call } }
}

describe('execute', () => {
  test.each([{ cancelRequested: true }, { workerShutdown: true }])(
    'begins nothing that was given up before: %j',
    async (details) => {
      const environment = quietEnvironment()
      environment.cancel('CANCELLED', new ActivityCancellationDetails(details))
      const begun: string[] = []
      const running = run(async (name) => {
        begun.push(name)
        return { text: 'done', isError: false }
      }, environment)
      await expect(running).rejects.toThrow('CANCELLED')
      expect(begun).toEqual([])
    },
  )

  test.each([
    ['done', false, 'done'],
    ['exit 1', true, 'exit 1'],
    ['', false, '(no output)'],
  ])('records what a tool said: %j', async (text, isError, shown) => {
    const { entries } = await run(async () => ({ text, isError }))
    expect(entries).toEqual([
      {
        type: 'agent.tool_result',
        id: expect.stringMatching(/^sevt_01/),
        tool_use_id: 'sevt_1',
        content: [{ type: 'text', text: shown }],
        is_error: isError,
      },
    ])
  })

  test('says how long the tool took, in whole milliseconds, and nothing of a call that did not run', async () => {
    const { asked } = await largeCall()
    const lost = createExecute({ execute: async () => ({ text: '', isError: false }) }, createMemoryBlobs())
    expect(await inActivity(() => lost.execute(asked))).toMatchObject({ ms: 0, entries: [{ is_error: true }] })
    const { ms } = await run(async () => {
      const begun = performance.now()
      while (performance.now() - begun < 3) continue
      return { text: 'done', isError: false }
    })
    expect(ms).toBeGreaterThanOrEqual(3)
    expect(ms).toBe(Math.round(ms ?? 0))
  })

  test('runs a call with the whole of a large input, and stores a large output', async () => {
    const { blobs, asked } = await largeCall()
    const seen: unknown[] = []
    const execute: Hands['execute'] = async (_, given) => {
      seen.push(given)
      return { text: LONG, isError: false }
    }
    const recorded = await inActivity(() => createExecute({ execute }, blobs).execute(asked))
    expect(seen).toEqual([{ command: LONG }])
    expect(recorded).toMatchObject({
      entries: [{ content: [{ type: 'text', text: '' }] }],
      blobs: { 0: [{ path: ['content', 0, 'text'], length: LONG.length }] },
    })
    expect(await blobs.list('sesn_1')).toHaveLength(1)
  })

  test('does not run a call whose input is lost, and says so to the model', async () => {
    const { blobs, asked } = await largeCall()
    await blobs.clear('sesn_1')
    const execute: Hands['execute'] = async () => Promise.reject(new Error('expected nobody to run this'))
    const { entries } = await inActivity(() => createExecute({ execute }, blobs).execute(asked))
    const text = expect.stringMatching(/^The call did not run: store: the blob .* is missing/)
    expect(entries).toMatchObject([{ type: 'agent.tool_result', is_error: true, content: [{ text }] }])
  })

  test('hands over the call with its key and what was given up', async () => {
    const seen: unknown[] = []
    await run(async (name, toolInput, { signal: _, ...context }) => {
      seen.push(name, toolInput, context)
      return { text: '', isError: false }
    })
    expect(seen).toEqual([
      'bash',
      { command: 'ls' },
      { sessionId: 'sesn_1', toolUseId: 'sevt_1', abandoned: ['sevt_0'] },
    ])
  })

  test('hands over what the workflow knows of the sandbox, and how to learn the rest', async () => {
    const seen: ToolContext[] = []
    const execute: Hands['execute'] = async (_name, _input, context) => {
      seen.push(context)
      return { text: '', isError: false }
    }
    const recipe = { files: [], repositories: [], supplies: 2 }
    const reader = {
      recipeOf: async () => recipe,
      handsOf: async (session: string) => [session],
      nameCalls: async (session: string) => [session],
    }
    const activity = createExecute({ execute }, createMemoryBlobs(), reader)
    await inActivity(() => activity.execute({ ...input, hand: 'web', known: 0, supplies: 2 }))
    expect(seen).toMatchObject([{ hand: 'web', known: 0, supplies: 2 }])
    expect(await seen[0]?.recipe?.()).toBe(recipe)
    expect(await seen[0]?.nameCalls?.([])).toEqual(['sesn_1'])
    expect(await seen[0]?.hands?.()).toEqual(['sesn_1'])
  })

  const made = { hand: 'main', generation: 2, provider: 'docker', host: null, image: null, supplies: 0, restored: null }

  test.each([
    [made, {}],
    [
      { ...made, host: 'a1', image: 'sha256:1' },
      { host: 'a1', image: 'sha256:1' },
    ],
    [{ ...made, surroundings: { runtime: 'runsc' } }, { surroundings: { runtime: 'runsc' } }],
  ])('records a sandbox that the log does not know, in front of what tells of it: %j', async (came, more) => {
    const { entries } = await run(async () => ({ text: 'done', isError: false, made: came }))
    const { host: _, image: __, restored: ___, ...rest } = made
    expect(entries).toEqual([
      { type: 'log.provisioned', ...rest, ...more, told: true },
      expect.objectContaining({ type: 'agent.tool_result' }),
    ])
  })

  test('records nothing of a call that belongs elsewhere', async () => {
    expect(await run(async () => ({ text: '', isError: false, elsewhere: 'b2' }))).toEqual({
      entries: [],
      elsewhere: 'b2',
    })
  })

  test('asks the hands again when a store was away', async () => {
    let asked = 0
    const { entries } = await run(async () => {
      if (asked++ === 0) throw new StoreAway('store: the disk is full')
      return { text: 'done', isError: false }
    })
    expect(entries).toMatchObject([{ content: [{ text: 'done' }] }])
  })

  test('is tried again when the hands cannot be reached', async () => {
    const failing = run(async () => Promise.reject(new HandsUnavailable('no answer')))
    await expect(failing).rejects.toMatchObject({
      type: 'hands_unavailable',
      nonRetryable: false,
      message: 'hands: no answer',
    })
    await expect(failing).rejects.toBeInstanceOf(ApplicationFailure)
  })

  test('lets a mistake of ours through as it is', async () => {
    await expect(run(async () => Promise.reject(new TypeError('oops')))).rejects.toThrow(TypeError)
  })

  /** A tool that runs until it is ended. */
  const endless: Hands['execute'] = (_name, _input, { signal }) =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve({ text: 'ended', isError: true })))

  test('ends the command when the workflow gives the call up', async () => {
    const environment = quietEnvironment()
    const running = run((...call) => {
      // Between the steps of the activity, not within the one that begins the command.
      setImmediate(() => environment.cancel('CANCELLED', new ActivityCancellationDetails({ cancelRequested: true })))
      return endless(...call)
    }, environment)
    await expect(running).resolves.toMatchObject({ entries: [{ content: [{ text: 'ended' }] }] })
  })

  test.each([
    ['WORKER_SHUTDOWN', { workerShutdown: true }],
    ['NOT_FOUND', { notFound: true }],
    ['TIMED_OUT', { timedOut: true }],
  ] as const)('leaves the command running on %s, for the next attempt to join', async (reason, details) => {
    const environment = quietEnvironment()
    let isEnded = false
    const running = run((name, given, context) => {
      context.signal.addEventListener('abort', () => (isEnded = true))
      return endless(name, given, context)
    }, environment)
    environment.cancel(reason, new ActivityCancellationDetails(details))
    await expect(running).rejects.toThrow(reason)
    expect(isEnded).toBe(false)
  })
})
