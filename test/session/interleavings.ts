import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Projection } from '../../src/history/project.ts'
import type { LogItem } from '../../src/history/project.ts'
import { decide } from '../../src/session/decide.ts'
import { isQueued } from '../../src/session/entry.ts'
import type { Policy } from '../../src/session/policy.ts'
import type { LogEntry } from '../../src/session/transcript.ts'
import { transcript } from '../../src/session/transcript.ts'
import type { ModelMessage, SessionEvent } from '../../src/wire/types.ts'
import { faultsOfConversation } from '../support/conversation.ts'
import { SESSION } from '../support/history-builders.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import { POLICY, message } from '../support/session-builders.ts'
import type { Loop } from './loop.ts'
import { createLoop } from './loop.ts'
import { readNaively } from './naive-reading.ts'
import type { Action } from './script.ts'
import { createPlayer, script } from './script.ts'

const variant = fc.record({
  steering: fc.constantFrom<Policy['steering']>('step', 'turn'),
  flush: fc.integer({ min: 1, max: 30 }),
  starts: fc.boolean(),
})
export type Variant = typeof variant extends fc.Arbitrary<infer V> ? V : never

/** Checks that are to hold after each task of the workflow, with what they remember from one to the next. */
function createChecks(count: () => void): (loop: Loop) => void {
  const requests = new Set<number>()
  let asked: readonly ModelMessage[] = []
  return (loop) => {
    const { state, projection, performing, activities, log } = loop
    count()
    assert.deepEqual(projection.state, state, 'the workflow’s state is the fold of the log')
    assert.deepEqual(JSON.parse(JSON.stringify(state)), state, 'the state is plain JSON')
    const wanted = decide(state).flatMap((command) => (command.do === 'close' ? [] : [command.key]))
    assert.deepEqual(performing.toSorted(), wanted.toSorted(), 'what is performed is what is wanted')
    assert.equal(performing.length > 0, state.status === 'running' || state.status === 'rescheduling', 'only work runs')
    for (const { scheduled, command } of activities) {
      if (command.do !== 'callModel' || requests.has(scheduled)) continue
      requests.add(scheduled)
      const messages = transcript(saysOf(log.filter((item) => item.position.event < scheduled)))
      assert.deepEqual(faultsOfConversation(messages), [])
      assert.deepEqual(messages.slice(0, asked.length), asked, 'an earlier request is a prefix of a later one')
      asked = messages
    }
  }
}

function saysOf(log: readonly LogItem[]): readonly LogEntry[] {
  return log.flatMap((item) => (item.says ? [item.says] : []))
}

function shownOf(log: readonly LogItem[]): readonly SessionEvent[] {
  return log.flatMap((item) => (item.shown ? [item.shown] : []))
}

/** Lets everything that is under way come to its end: models that answer, tools that work. */
function settleDown(loop: Loop, play: (actions: readonly Action[]) => void): void {
  const model = { how: 'answer', text: true, calls: [], stop: '', tokens: 1 } as const
  for (let round = 0; round < 100; round++) {
    play([{ do: 'end', pick: 0, late: false, model, tool: 'output' }, { do: 'fire' }, { do: 'work', meanwhile: [] }])
    if (loop.isOver || (loop.performing.length === 0 && !loop.hasNews)) return
  }
  assert.fail(`the session never comes to rest: ${loop.state.status} ${loop.state.phase}`)
}

/** Compares the log with a plodding reading of the raw history. */
function checkAgainstHistory({ items, log, projection }: Loop, isSettled: boolean): void {
  const naive = readNaively(items)
  const times = new Map<string, { queued: number; finished: number }>()
  for (const { shown, finished } of log) {
    if (!shown || !(shown.type.startsWith('user.') || shown.type === 'system.message')) continue
    const seen = times.get(shown.id) ?? { queued: 0, finished: 0 }
    times.set(shown.id, { queued: seen.queued + (finished ? 0 : 1), finished: seen.finished + (finished ? 1 : 0) })
  }
  const waiting = new Set(projection.state.queue.map(({ id }) => id))
  for (const [id, event] of naive.arrivals) {
    const expected = { queued: isQueued(event) ? 1 : 0, finished: waiting.has(id) ? 0 : 1 }
    assert.deepEqual(times.get(id), expected, `${id} is shown as it should be`)
  }
  assert.equal(times.size, naive.arrivals.size, 'nothing is shown that did not come')
  if (isSettled) assert.equal(naive.unnamed, 0, 'everything has an id')
  assert.equal(projection.state.usage.input_tokens, naive.inputTokens, 'usage is the sum of what counts')

  const heard = naive.effective.flatMap((id) => textsOf(naive.arrivals.get(id)))
  const told = transcript(saysOf(log)).flatMap((one) => (one.role === 'user' ? textsOf(one) : []))
  assert.deepEqual(told, heard, 'the model is told what took effect, in that order')
}

function textsOf(of: object | undefined): readonly string[] {
  const blocks = of && 'content' in of && Array.isArray(of.content) ? of.content : []
  return blocks.flatMap((block: { type: string; text?: string }) => (block.type === 'text' ? [block.text ?? ''] : []))
}

/** Lives through one script and checks all that is to hold: after each task, at its end and after it came to rest. */
function live(actions: readonly Action[], { steering, flush, starts }: Variant, counts: Counts): void {
  const loop = createLoop({
    policy: { ...POLICY, steering },
    input: starts ? { events: [message('sevt_start', 'text 0.')], title: 'started' } : {},
    flush,
    committed: createChecks(() => (counts.tasks += 1)),
  })
  const play = createPlayer(loop)
  play(actions)
  assert.deepEqual(faultsOfLog(shownOf(loop.log), 'stream'), [])
  checkAgainstHistory(loop, false)
  const isTerminated = loop.items.at(-1)?.type === 'ended' && loop.state.status !== 'terminated'
  settleDown(loop, play)
  assert.deepEqual(faultsOfLog(shownOf(loop.log), 'stream'), [])
  checkAgainstHistory(loop, !isTerminated)
  const again = new Projection(SESSION, 1)
  assert.deepEqual(
    loop.items.flatMap((item) => again.take(item)),
    loop.log,
    'the same history gives the same log',
  )
  counts.entries += loop.log.length
}

export interface Counts {
  tasks: number
  entries: number
}

/**
 * The property that holds everything up: whatever comes in whatever order, the workflow's state is the fold of the log
 * that readers project from its history, and that log is sound. Answers what it went through.
 */
export function assertInterleavings(parameters: fc.Parameters<[readonly Action[], Variant]>): Counts {
  const counts: Counts = { tasks: 0, entries: 0 }
  const property = fc.property(script, variant, (actions, how) => live(actions, how, counts))
  fc.assert(property, parameters)
  return counts
}
