import assert from 'node:assert/strict'
import { recordPreviews } from '../sdk/drive.ts'
import { foldPreviews, logOf } from '../sdk/previews.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import type { Yard } from './yard.ts'

/**
 * Kills the worker while it shows an answer. Rejects when the stream cannot be folded, when what was shown first is no
 * beginning of the answer, or when the answer that is made again has an id that was shown before.
 */
export async function killMidAnswer(yard: Yard): Promise<void> {
  const session = await yard.createSession()
  const recording = await recordPreviews(yard.client, session)
  const text = `one two three four five six ${session}`
  // The first try of this very request falls silent half way; the next one is answered.
  await yard.send(session, `#program\nSTALL\nTHINK hm\nSAY ${text}`)
  await recording.until('event_delta')
  const { isBack } = await yard.kill('worker')
  await isBack
  await recording.until('session.status_idle')
  const log = logOf(recording.events)
  assert.deepEqual(faultsOfLog(log, 'stream'), [])
  const finals = log.flatMap((event) => (event.type === 'agent.message' ? [event] : []))
  assert.deepEqual(
    finals.map(({ content }) => content),
    [[{ type: 'text', text }]],
  )
  const [first] = foldPreviews(recording.events).filter(({ of }) => of === 'agent.message')
  assert.ok(first && first.texts.length === 1 && text.startsWith(first.texts[0] ?? '-'))
  assert.notEqual(first.id, finals[0]?.id)
}
