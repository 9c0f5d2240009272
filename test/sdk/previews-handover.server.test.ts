import { expect, test } from 'vitest'
import { faultsOfLog } from '../support/log-grammar.ts'
import { createSession, listAll, only, program, recordPreviews, settled } from './drive.ts'
import { createPacedModel } from './paced-model.ts'
import { foldPreviews, logOf } from './previews.ts'
import { useStack } from './use-stack.ts'

const paced = createPacedModel()
const use = useStack({ between: paced.between })

const ANSWER = ['THINK hm', 'SAY one two', 'SAY "  "', 'SAY "\\nthree four"', 'TOOL bash {"command":"ls"}', 'SAY five']
/** Blocks and words of the first step: four blocks of text and thinking, five pieces of text, one call. */
const PIECES = 10
const WHOLE = ['one two', '\nthree four']

test('a worker that ends at any piece of an answer leaves a prefix, and the next one begins under new ids', async () => {
  const { stack } = use()
  const trials = await Promise.all(
    Array.from({ length: PIECES + 1 }, async (_, pieces) => {
      const session = await createSession(use())
      const recording = await recordPreviews(stack.sdk, session)
      const hold = paced.hold(`mark ${pieces};`, pieces)
      await stack.sdk.beta.sessions.events.send(session, { events: [program(`# mark ${pieces};`, ...ANSWER)] })
      return { pieces, session, recording, hold }
    }),
  )
  await Promise.all(trials.map(({ hold }) => hold.held))
  // What had come is on its way; whatever of it arrives is a prefix.
  await Promise.all(
    trials.map(({ pieces, recording }) =>
      recording.untilSo((events) => foldPreviews(events).length === Math.min(2, Math.ceil(pieces / 2))),
    ),
  )
  await stack.restartWorkers()
  await Promise.all(trials.map(({ recording }) => recording.until('session.status_idle')))
  let fragments = 0
  for (const { pieces, session, recording } of trials) {
    const shown = foldPreviews(recording.events)
    const log = logOf(recording.events)
    const listed = await listAll(stack.sdk, session)
    expect(faultsOfLog(log, 'stream')).toEqual([])
    expect(listed).toEqual(settled(log))
    expect(only(log, 'session.error')).toEqual([])
    const ids = new Set(listed.map(({ id }) => id))
    const orphans = shown.filter(({ id }) => !ids.has(id))
    const messages = orphans.filter(({ of }) => of === 'agent.message')
    expect(orphans.length - messages.length).toBe(pieces > 0 ? 1 : 0)
    expect(messages.length).toBe(pieces > 2 ? 1 : 0)
    fragments += messages.flatMap(({ texts }) => texts).length
    for (const { texts } of messages) {
      expect(WHOLE.join('|').startsWith(texts.join('|'))).toBe(true)
    }
    expect(new Set(shown.map(({ id }) => id)).size).toBe(shown.length)
  }
  expect(fragments).toBeGreaterThan(5)
  console.log(
    `worker ended mid-answer: n = ${trials.length}, at pieces 0 to ${PIECES}; ${fragments} broken blocks shown`,
  )
})
