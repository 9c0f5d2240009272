import { describe, expect, test } from 'vitest'
import type { StreamEvent } from '../../src/wire/types.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import {
  createSession,
  listAll,
  message,
  only,
  program,
  record,
  recordPreviews,
  saidIn,
  settled,
  turn,
  typesOf,
} from './drive.ts'
import type { Recording } from './drive.ts'
import { createPacedModel } from './paced-model.ts'
import { foldPreviews, isPreview, logOf } from './previews.ts'
import { useStack } from './use-stack.ts'

const paced = createPacedModel()
const use = useStack({ policy: { tries: 3, baseMs: 20, capMs: 40 }, between: paced.between })

let marks = 0
/** A line of a program that tells one session's requests from all others. */
function mark(): string {
  return `# mark ${++marks};`
}

async function begin(types?: ('agent.message' | 'agent.thinking')[]) {
  const { stack } = use()
  const session = await createSession(use())
  const recording = await recordPreviews(stack.sdk, session, types)
  const send = (...lines: string[]) => stack.sdk.beta.sessions.events.send(session, { events: [program(...lines)] })
  return { session, recording, send }
}

/** What the previews of a connection say so far, message by message and block by block. */
function textsIn(events: readonly StreamEvent[]): readonly (readonly string[])[] {
  return foldPreviews(events).flatMap(({ of, texts }) => (of === 'agent.message' ? [texts] : []))
}

function saysIn(text: string): (events: readonly StreamEvent[]) => boolean {
  return (events) => textsIn(events).flat().join('').includes(text)
}

/** Everything but the previews is as without them. */
async function expectSound(session: string, recording: Recording<StreamEvent>): Promise<void> {
  const log = logOf(recording.events)
  const listed = await listAll(use().stack.sdk, session)
  expect(faultsOfLog(log, 'stream')).toEqual([])
  expect(listed).toEqual(settled(log))
  expect(listed.some(isPreview)).toBe(false)
}

const ANSWER = ['SAY one two', 'SAY "  "', 'SAY " three  four"', 'THINK hm', 'SAY five']
/** More than any answer here has. */
const ALL = 10_000

describe('previews', () => {
  test('show an answer block by block while it comes, under the ids that its events then have', async () => {
    const { session, recording, send } = await begin()
    const marker = mark()
    const hold = paced.hold(marker, ALL)
    await send(marker, ...ANSWER)
    await hold.held
    await recording.untilSo(saysIn('five'))
    expect(textsIn(recording.events)).toEqual([['one two', ' three  four'], ['five']])
    expect(recording.events.some(({ type }) => type === 'agent.message')).toBe(false)
    hold.release()
    await recording.until('session.status_idle')
    const shown = foldPreviews(recording.events)
    expect(shown.map(({ of }) => of)).toEqual(['agent.message', 'agent.thinking', 'agent.message'])
    const final = logOf(recording.events).filter(({ type }) => type === 'agent.message' || type === 'agent.thinking')
    expect(final.map(({ id, type }) => [id, type])).toEqual(shown.map(({ id, of }) => [id, of]))
    const start = typesOf(recording.events).indexOf('event_start')
    expect(typesOf(recording.events)[start - 1]).toBe('span.model_request_start')
    await expectSound(session, recording)
  })

  test.each([
    [['agent.message' as const], ['agent.message', 'agent.message']],
    [['agent.thinking' as const], ['agent.thinking']],
  ])('are of the types that were asked for: %j', async (types, shown) => {
    const { recording, send } = await begin(types)
    const marker = mark()
    const hold = paced.hold(marker, ALL)
    await send(marker, ...ANSWER)
    await recording.untilSo((events) => foldPreviews(events).length === shown.length)
    hold.release()
    await recording.until('session.status_idle')
    expect(foldPreviews(recording.events).map(({ of }) => of)).toEqual(shown)
    expect(recording.events.some(({ type }) => type === 'event_delta')).toBe(types[0] === 'agent.message')
  })

  test('come to those who ask for them, to several alike, and to nobody else', async () => {
    const { stack } = use()
    const { session, recording, send } = await begin()
    const [second, without] = await Promise.all([recordPreviews(stack.sdk, session), record(stack.sdk, session)])
    const marker = mark()
    const hold = paced.hold(marker, ALL)
    await send(marker, ...ANSWER)
    await Promise.all([recording, second].map((each) => each.untilSo(saysIn('five'))))
    hold.release()
    await Promise.all(
      [recording, second, without].map((each) =>
        each.untilSo((events: readonly StreamEvent[]) => events.some(({ type }) => type === 'session.status_idle')),
      ),
    )
    expect(second.events).toEqual(recording.events)
    expect(without.events).toEqual(logOf(recording.events))
  })

  test('of a request that is under way are not shown on a stream that opens then, those of the next one are', async () => {
    const { stack } = use()
    const { session, recording, send } = await begin()
    const marker = mark()
    const hold = paced.hold(marker, 3)
    await send(marker, ...ANSWER)
    await recording.untilSo(saysIn('one'))
    const late = await recordPreviews(stack.sdk, session)
    hold.release()
    await late.until('session.status_idle')
    expect(late.events.filter(isPreview)).toEqual([])
    const next = mark()
    const second = paced.hold(next, 2)
    await send('# mark of another;', next, 'SAY later')
    await late.untilSo(saysIn('later'))
    second.release()
    await late.until('session.status_idle', 2)
    expect(textsIn(late.events)).toEqual([['later']])
  })

  test('begin anew under new ids when the model breaks off and is asked again', async () => {
    const { session, recording, send } = await begin()
    const marker = mark()
    const hold = paced.hold(marker, 5)
    await send(marker, 'ERROR overloaded_error', 'SAY one two three four five six')
    await recording.untilSo(saysIn('one'))
    hold.release()
    await recording.until('session.status_idle')
    const shown = foldPreviews(recording.events)
    expect(only(logOf(recording.events), 'session.error')).toHaveLength(1)
    const [final] = only(logOf(recording.events), 'agent.message')
    expect(shown[0]?.id).not.toBe(final?.id)
    expect(shown[0]?.texts[0]).toMatch(/^one /)
    expect(shown.slice(1).map(({ id }) => id)).toEqual(shown.length > 1 ? [final?.id] : [])
    await expectSound(session, recording)
  })

  test('end with an interrupt, and the next answer has its own', async () => {
    const { stack } = use()
    const { session, recording, send } = await begin()
    const marker = mark()
    const hold = paced.hold(marker, 3)
    await send(marker, ...ANSWER)
    await recording.untilSo(saysIn('one two'))
    await stack.sdk.beta.sessions.events.send(session, { events: [{ type: 'user.interrupt' }] })
    await recording.until('session.status_idle')
    const before = recording.events.length
    hold.release()
    const next = mark()
    const second = paced.hold(next, 2)
    await stack.sdk.beta.sessions.events.send(session, { events: [message(`#program now\n${next}\nSAY fresh`)] })
    await recording.untilSo(saysIn('fresh'))
    second.release()
    await recording.until('session.status_idle', 2)
    expect(textsIn(recording.events)).toEqual([['one two'], ['fresh']])
    expect(saidIn(logOf(recording.events))).toEqual(['fresh'])
    expect(typesOf(recording.events.slice(before)).filter((type) => type === 'event_delta')).toHaveLength(1)
    await expectSound(session, recording)
  })

  test('are as long as the text, however long it is', async () => {
    const { recording, send } = await begin()
    const text = '😀 "é"\t\\ '.repeat(2_000)
    const marker = mark()
    const hold = paced.hold(marker, ALL)
    await send(marker, `SAY ${JSON.stringify(text)}`)
    await recording.untilSo((events) => textsIn(events)[0]?.[0] === text)
    hold.release()
    await recording.until('session.status_idle')
    expect(textsIn(recording.events)).toEqual([[text]])
    expect(recording.events.filter(isPreview).length).toBeLessThan(30)
  })

  test('leave nothing in history', async () => {
    const { stack } = use()
    const histories = []
    for (const types of [['agent.message', 'agent.thinking'], []] as const) {
      const session = await createSession(use())
      const recording = await recordPreviews(stack.sdk, session, [...types])
      const marker = mark()
      const hold = paced.hold(marker, ALL)
      await stack.sdk.beta.sessions.events.send(session, { events: [program(marker, ...ANSWER)] })
      await hold.held
      if (types.length > 0) await recording.untilSo(saysIn('five'))
      hold.release()
      await recording.until('session.status_idle')
      histories.push(await readHistory(session))
    }
    const [watched, unwatched] = histories
    expect(watched?.types).toEqual(unwatched?.types)
    expect(Math.abs((watched?.bytes ?? 0) - (unwatched?.bytes ?? 0))).toBeLessThan(32)
    console.log(
      `history of a turn: ${watched?.types.length} events, ${watched?.bytes} bytes with previews, ${unwatched?.bytes} without`,
    )
  })

  test('keep no event from a plain reader of the log', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const events = await turn(stack.sdk, session, program(mark(), ...ANSWER))
    expect(saidIn(events)).toEqual(['one two three  four', 'five'])
  })
})

async function readHistory(session: string): Promise<{ types: readonly unknown[]; bytes: number }> {
  const handle = use().stack.temporal.workflow.getHandle(session)
  const { events = [] } = await handle.fetchHistory()
  const { historySize } = await handle.describe()
  return { types: (events ?? []).map(({ eventType }) => eventType), bytes: historySize ?? 0 }
}
