import { describe, expect, test } from 'vitest'
import { judgeLive, runLiveDemo } from '../../src/cli/live.ts'
import type { LiveOptions } from '../../src/cli/live.ts'
import { calls, delta, idle, message, result, says } from './events.ts'
import type { FakeStream } from './fake-server.ts'
import { startFakeServer } from './fake-server.ts'
import type { FakeStageOptions } from './fake-stage.ts'
import { createFakeStage } from './fake-stage.ts'

const before = [message('m', 'count'), delta('a', 'I'), says('a', 'I count.'), calls('ls', 'bash', { command: 'ls' })]
const after = [result('ls', 'two files'), says('b', 'Two.'), idle()]
const whole = [...before, ...after]
const listed = whole.filter((event) => 'processed_at' in event)
const history = {
  events: listed.map((event) => ('id' in event ? String(event.id) : '')),
  modelCalls: 2,
  repeatedModelCalls: 0,
  attempts: new Map([['ls', 2]]),
}
/** The call has its result only when a new stream is opened, half a second later. */
const slow: readonly FakeStream[] = [
  { events: before, then: 'end' },
  { events: after, then: 'stay' },
]
const quick: readonly FakeStream[] = [{ events: whole, then: 'stay' }]

interface Shown {
  readonly code: number
  readonly lines: readonly string[]
  readonly deeds: readonly string[]
  readonly bodies: ReadonlyMap<string, unknown>
}

async function show(
  { streams = slow, ...world }: Partial<FakeStageOptions> & { streams?: readonly FakeStream[] } = {},
  options: Partial<LiveOptions> = {},
): Promise<Shown> {
  // The list is asked for twice: when the first stream is cut, and at the end.
  const usage = { input_tokens: 12, output_tokens: 34, cache_read_input_tokens: 56 }
  const { client, bodies } = await startFakeServer({ streams, listed: streams === slow ? [] : listed, usage })
  const { stage, deeds } = createFakeStage({ client, history, live: true, ...world })
  const lines: string[] = []
  const code = await runLiveDemo({
    stage,
    keep: false,
    task: 'count',
    model: 'claude-x',
    described: 'claude-x at there, with your key',
    print: (line) => void lines.push(line),
    signal: new AbortController().signal,
    downMs: 1,
    ...options,
  })
  return { code, lines, deeds, bodies }
}

describe('a live demo', () => {
  test('shows the task as it goes, and kills the worker in the middle of the first tool call', async () => {
    const { lines, deeds, bodies } = await show()
    expect(deeds).toEqual(['kill 101', 'start 102'])
    expect(bodies.get('POST /v1/agents')).toMatchObject({ model: 'claude-x' })
    const text = lines.join('\n').replaceAll(/\d+\.\d s/g, 'N s')
    expect(text).toContain('model   claude-x at there, with your key\nwatch   http://ui/sesn_1')
    expect(text).toContain('you     count\nagent   I count.\n  bash  ls')
    expect(text).toContain(
      '  ✗ kill -9 101      the worker is gone, in the middle of bash. Nothing runs the agent now.',
    )
    expect(text).toMatch(
      /✓ worker 102 +took over N s after the kill, N s after one was let in again: 84 events replayed/,
    )
    expect(text).toContain('        two files\nagent   Two.')
    expect(text).toMatch(/^first {3}word \d+ ms after the task was sent$/m)
  })

  test('passes when the log is whole, and says what was spent', async () => {
    const { code, lines } = await show({ streams: quick })
    expect(code).toBe(0)
    expect(lines).toContain(
      'spent   2 model calls, 0 of them made twice · tokens: 12 in, 56 read from and 0 written to the prompt cache, 34 out',
    )
    expect(lines).toContainEqual(
      expect.stringMatching(/^PASS {2}6 events in the API = 6 in Temporal's history, 0 lost, 0 doubled · \d+\.\d s$/),
    )
  })

  test('kills the worker right after a tool call that is over at once', async () => {
    const { lines } = await show({ streams: quick })
    expect(lines.join('\n')).toContain('the worker is gone, right after bash.')
  })

  test('fails when the turn was over before anybody could take it over', async () => {
    const { code, lines } = await show({ streams: quick, replayed: null })
    expect(code).toBe(1)
    expect(lines.join('\n')).toMatch(/✓ worker 102 +is there, but the turn was over/)
    expect(lines).toContain('      ✗ the turn was over when the worker died: nothing was taken over')
  })

  test('fails, and kills nobody, when the agent calls no tool', async () => {
    const { code, lines, deeds } = await show({ streams: [{ events: [says('a', 'Two.'), idle()], then: 'stay' }] })
    expect([code, deeds]).toEqual([1, []])
    expect(lines).toContain(
      '      ✗ the worker was never killed: the agent called no tool, so give it a task that needs one',
    )
  })

  test('ends with 130 when a person ends it', async () => {
    expect((await show({}, { signal: AbortSignal.abort() })).code).toBe(130)
  })
})

describe('the verdict on a live demo', () => {
  const crash = { isMiddle: true, killed: 1, successor: 2, replayed: 9 }
  const good = { crash, stopReason: 'end_turn', firstWordMs: null, listed: history.events, history }

  test('allows a model call that was interrupted to be made twice, and no more', () => {
    const repeated = (count: number) => ({ ...history, repeatedModelCalls: count })
    const short = { ...crash, isMiddle: false }
    expect(judgeLive({ ...good, crash: short, history: repeated(1) }).ok).toBe(true)
    expect(judgeLive({ ...good, crash: short, history: repeated(2) }).ok).toBe(false)
    expect(judgeLive({ ...good, history: repeated(1) }).problems).toEqual([
      '1 model calls were made more than once, 0 expected',
    ])
  })

  test.each([
    ['an event lost', { listed: history.events.slice(1) }, /1 events of history are not in the API/],
    ['the same worker', { crash: { ...crash, successor: 1 } }, /the one that was killed/],
    ['no replay', { crash: { ...crash, replayed: 0 } }, /did not replay/],
    ['a turn that failed', { stopReason: 'retries_exhausted' }, /did not end its turn: retries_exhausted/],
    ['a session that ended', { stopReason: null }, /it was terminated/],
  ])('fails for %s', (_what, change, problem) => {
    expect(judgeLive(good).ok).toBe(true)
    const { ok, problems } = judgeLive({ ...good, ...change })
    expect(ok).toBe(false)
    expect(problems).toEqual(expect.arrayContaining([expect.stringMatching(problem)]))
  })
})
