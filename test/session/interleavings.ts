import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { HistoryItem } from '../../src/history/item.ts'
import { comparePositions } from '../../src/history/position.ts'
import { Projection } from '../../src/history/project.ts'
import type { LogItem } from '../../src/history/project.ts'
import { isSpent } from '../../src/session/budget.ts'
import { isQueued } from '../../src/session/entry.ts'
import type { Policy } from '../../src/session/policy.ts'
import type { LogEntry } from '../../src/session/transcript.ts'
import { contextStart, isRead, shorten, transcript } from '../../src/session/transcript.ts'
import type { ModelMessage } from '../../src/wire/types.ts'
import { faultsOfConversation } from '../support/conversation.ts'
import { SESSION } from '../support/history-builders.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import { CONTEXT, POLICY, message } from '../support/session-builders.ts'
import { begunWith } from './begun-with.ts'
import type { Loop } from './loop.ts'
import { createLoop } from './loop.ts'
import { assertMayAsk } from './may-ask.ts'
import { assertMayRun } from './may-run.ts'
import { assertMayServe } from './may-serve.ts'
import { readNaively } from './naive-reading.ts'
import { logBefore, saysOf, shownOf } from './says.ts'
import { capOf, createPlayer } from './player.ts'
import type { Action } from './script.ts'
import { script } from './script.ts'
import { assertSoundState } from './sound-state.ts'

const variant = fc.record({
  steering: fc.constantFrom<Policy['steering']>('step', 'turn'),
  flush: fc.integer({ min: 1, max: 30 }),
  starts: fc.boolean(),
  rollsAfter: fc.constantFrom(null, 10, 40),
  cents: fc.constantFrom(null, null, 1, 2, 5),
  isCounted: fc.boolean(),
  takesSystem: fc.constantFrom(undefined, false, true),
  selfHosted: fc.constantFrom(undefined, undefined, true as const),
  provisioning: fc.constantFrom<Policy['provisioning']>(undefined, undefined, 'first', 'parallel'),
  context: fc.constantFrom(
    null,
    CONTEXT,
    { ...CONTEXT, compactionsInARow: 1 },
    { ...CONTEXT, growth: 0.1 },
    { ...CONTEXT, resumes: true as const },
  ),
})
export type Variant = typeof variant extends fc.Arbitrary<infer V> ? V : never

/** Checks that are to hold after each task of the workflow, with what they remember from one to the next. */
function createChecks(counts: Counts, { isCounted, cents }: Variant): (loop: Loop) => void {
  const requests = new Set<string>()
  let asked: readonly ModelMessage[] = []
  let changes = 0
  return (loop) => {
    const { state, activities } = loop
    counts.tasks += 1
    assertSoundState(loop)
    if (state.selfHosted) counts.offered += assertMayServe(state, shownOf(loop.log))
    for (const activity of activities) {
      const { run, scheduled, command } = activity
      if (requests.has(`${run} ${scheduled}`)) continue
      requests.add(`${run} ${scheduled}`)
      const before = logBefore(loop, activity)
      const [says, shown] = [saysOf(before), shownOf(before)]
      if (command.do === 'execute') {
        assert.ok(!state.selfHosted, 'a self-hosted session never wants the hands')
        counts[assertMayRun(shown, command.call.id)] += 1
        continue
      }
      const isMade = says.some(({ type }) => type === 'log.provisioned' || type === 'log.unprovisioned')
      if (command.do === 'provision') {
        assert.ok(!isMade, 'a sandbox is made ahead of calls once')
        counts.provisions += 1
        continue
      }
      assert.ok(isMade || state.provisioning !== 'first', 'the model is asked behind the sandbox')
      assert.ok(!isSpent(state), 'nothing is asked at the budget')
      if (isCounted) assertMayAsk({ says, shown }, ACCOUNTING, cents)
      const manner = { system: state.takesSystem === true }
      const messages = transcript(says, manner)
      assert.equal(command.configuration, begunWith(says, FIRST), 'a turn is asked with what it began with')
      if (state.asking !== undefined) counts.outlived += 1
      const last = says.findLast(({ type }) => type === 'log.assistant')
      const isPaused = last?.type === 'log.assistant' && last.stop_reason === 'pause_turn'
      const isAnswered = messages.at(-1)?.role !== 'system'
      const told = isAnswered ? messages : messages.slice(0, -1)
      assert.deepEqual(faultsOfConversation(command.do === 'compact' ? [...told, PROMPT] : messages, isPaused), [])
      const changed = says.filter(isChange).length
      if (changed === changes) assert.deepEqual(messages.slice(0, asked.length), asked, 'earlier requests are prefixes')
      const later = says.slice(contextStart(says))
      assert.deepEqual(transcript(later, manner), messages, 'what was summarised need not be read')
      assert.deepEqual(transcript(shorten(says).filter(isRead), manner), messages, 'what was trimmed need not be kept')
      // A system message that has no answer yet gives way to what the user says next.
      asked = told
      changes = changed
    }
  }
}

/** The configuration that a session starts with. */
const FIRST = 'cfg_1'

/** A cent for 250 tokens. */
export const ACCOUNTING = { prices: { input: 400_000, output: 0, cacheWrite: 0, cacheRead: 0 }, hourly: 1000 }

const PROMPT: ModelMessage = { role: 'user', content: [{ type: 'text', text: 'Sum up.' }] }

/** Whether the model reads something else from here on in place of what stands before. */
function isChange({ type }: LogEntry): boolean {
  return type === 'log.trimmed' || type === 'log.summary'
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
    if (naive.said.has(shown.id)) continue
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

  const manner = { system: projection.state.takesSystem === true }
  const isFromSystem = (id: string): boolean => manner.system && naive.arrivals.get(id)?.type === 'system.message'
  const textsFrom = (ids: readonly string[]): readonly string[] => ids.flatMap((id) => textsOf(naive.arrivals.get(id)))
  const heard = textsFrom(naive.effective.filter((id) => !isFromSystem(id)))
  const toldBy = (entries: readonly LogEntry[], by: ModelMessage['role'] = 'user'): readonly string[] =>
    transcript(entries, manner).flatMap((one) => (one.role === by ? textsOf(one) : []))
  const says = saysOf(log)
  const fromSystem = textsFrom(naive.effective.filter(isFromSystem))
  const told = toldBy(says, 'system')
  for (const [index, text] of told.entries()) assertHeard(text, fromSystem[index])
  const isWaiting = transcript(says, manner).at(-1)?.role !== 'system'
  assert.ok(isWaiting || told.length === fromSystem.length, 'no system message is lost')
  assert.deepEqual(
    toldBy(says.filter((entry) => !isChange(entry))),
    heard,
    'the model is told what took effect, in that order',
  )
  const words = toldBy(says).slice(says.some(({ type }) => type === 'log.summary') ? 2 : 0)
  const last = heard.slice(heard.length - words.length)
  for (const [index, text] of words.entries()) assertHeard(text, last[index])
}

/** Whole, or cut to make room. */
function assertHeard(text: string, said: string | undefined): void {
  assert.ok(text === said || text === `${said?.slice(0, CONTEXT.longest)}\n${CONTEXT.trimmed}`)
}

function textsOf(of: object | undefined): readonly string[] {
  const blocks = of && 'content' in of && Array.isArray(of.content) ? of.content : []
  return blocks.flatMap((block: { type: string; text?: string }) => (block.type === 'text' ? [block.text ?? ''] : []))
}

/** Lives through one script and checks all that is to hold: after each task, at its end and after it came to rest. */
function live(actions: readonly Action[], how: Variant, counts: Counts): void {
  const { steering, flush, starts, context, cents, isCounted, rollsAfter, takesSystem, selfHosted, provisioning } = how
  const accounting = isCounted ? { accounting: ACCOUNTING } : {}
  const system = takesSystem === undefined ? {} : { takesSystem }
  const ahead = provisioning && !selfHosted ? { provisioning } : {}
  const remote = selfHosted ? { selfHosted } : {}
  const policy = { ...POLICY, steering, ...(context ? { context } : {}), ...accounting, ...system, ...remote, ...ahead }
  const loop = createLoop({
    policy,
    input: {
      configuration: { id: FIRST, agentName: 'tester', policy },
      ...(starts ? { events: [message('sevt_start', 'text 0.')], title: 'started' } : {}),
      ...(isCounted && cents ? { budget: capOf(cents) } : {}),
    },
    flush,
    rollsAfter,
    committed: createChecks(counts, how),
  })
  const ran = new Set<string>()
  const play = createPlayer(loop, (call) => {
    assert.ok(!ran.has(call), `${call} runs once`)
    ran.add(call)
  })
  play(actions)
  assert.deepEqual(faultsOfLog(shownOf(loop.log), 'stream', how), [])
  checkAgainstHistory(loop, false)
  const isTerminated = loop.items.at(-1)?.type === 'ended' && loop.state.status !== 'terminated'
  settleDown(loop, play)
  assert.deepEqual(faultsOfLog(shownOf(loop.log), 'stream', how), [])
  checkAgainstHistory(loop, !isTerminated)
  const again = readAgain(loop.items)
  assert.deepEqual(again, loop.log, 'the same history gives the same log')
  for (const [index, { position, at }] of again.entries()) {
    const before = again[index - 1]
    if (!before) continue
    assert.ok(comparePositions(before.position, position) < 0, 'places are in order')
    assert.ok(before.at <= at, 'times never go back')
  }
  counts.rollovers += loop.items.filter(({ type }) => type === 'continued').length
  counts.entries += loop.log.length
  counts.lacks += assertTellsOnce(loop, isTerminated)
  counts.failures += saysOf(loop.log).filter(({ type }) => type === 'log.unprovisioned').length
  counts.served += ran.size
  const says = saysOf(loop.log)
  counts.pauses += shownOf(loop.log).filter(
    (event) => event.type === 'session.status_idle' && event.stop_reason.type === 'budget_reached',
  ).length
  const count = (is: (entry: LogEntry) => boolean): number => says.filter(is).length
  counts.raises += count((entry) => entry.type === 'session.updated' && (entry.budget ?? null) !== null)
  counts.removals += count((entry) => entry.type === 'session.updated' && entry.budget === null)
  counts.reconfigurations += count((entry) => entry.type === 'session.updated' && entry.configuration !== undefined)
  counts.summaries += count(({ type }) => type === 'log.summary')
  counts.trims += count((entry) => entry.type === 'log.trimmed' && entry.longest === undefined)
  counts.cuts += count((entry) => entry.type === 'log.trimmed' && entry.longest !== undefined)
  counts.limits += count(
    (entry) => entry.type === 'session.error' && entry.error.type === 'compaction_limit_reached_error',
  )
}

/** However many calls bring along what the one sandbox lacks; one that is told of it when all is over says nothing. */
function assertTellsOnce(loop: Loop, isTerminated: boolean): number {
  const isLacking = saysOf(loop.log).some(({ type }) => type === 'log.provisioned')
  const told = shownOf(loop.log).filter(
    (event) => event.type === 'session.error' && event.error.type === 'repository_clone_error',
  ).length
  const isOver = isTerminated || loop.state.status === 'terminated'
  assert.ok(told === (isLacking ? 1 : 0) || (isOver && told === 0), 'what a sandbox lacks is told once')
  return told
}

/** Each run by a projection of its own. */
function readAgain(items: readonly HistoryItem[]): readonly LogItem[] {
  let projection = new Projection(SESSION)
  return items.flatMap((item) => {
    if (item.type === 'started') projection = new Projection(SESSION)
    return projection.take(item)
  })
}

/** What a run of the property went through; a run that never met what it is about proves nothing. */
export interface Counts {
  tasks: number
  entries: number
  rollovers: number
  summaries: number
  trims: number
  cuts: number
  /** Commands that policy allowed, and those that a client did. */
  allowed: number
  confirmed: number
  /** Stops at the budget. */
  pauses: number
  /** Budgets that were changed, and taken away. */
  raises: number
  removals: number
  /** Changes of the agent, and model requests of turns that one of them came into. */
  reconfigurations: number
  outlived: number
  /** Turns that ended for too many summaries in a row. */
  limits: number
  /** Calls that somebody who comes to a self-hosted session would run, after each task, and those that were run there. */
  offered: number
  served: number
  /** Sandboxes that were asked for before a call was, and how many of them could not be made. */
  provisions: number
  failures: number
  /** Sandboxes that went without a repository, which was told. */
  lacks: number
}

/**
 * The property that holds everything up: whatever comes in whatever order, the workflow's state is the fold of the log
 * that readers project from its history, and that log is sound. Answers what it went through.
 */
export function assertInterleavings(parameters: fc.Parameters<[readonly Action[], Variant]>): Counts {
  const counts: Counts = {
    tasks: 0,
    entries: 0,
    rollovers: 0,
    summaries: 0,
    trims: 0,
    cuts: 0,
    allowed: 0,
    confirmed: 0,
    pauses: 0,
    raises: 0,
    removals: 0,
    reconfigurations: 0,
    outlived: 0,
    limits: 0,
    offered: 0,
    served: 0,
    provisions: 0,
    failures: 0,
    lacks: 0,
  }
  const property = fc.property(script, variant, (actions, how) => live(actions, how, counts))
  fc.assert(property, parameters)
  return counts
}
