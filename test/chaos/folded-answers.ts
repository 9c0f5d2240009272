import assert from 'node:assert/strict'
import { foldStreams } from '../sdk/previews.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import type { FoldingReader } from './folding-reader.ts'
import { readFolding } from './folding-reader.ts'
import { assertWhole } from './whole.ts'
import type { Yard } from './yard.ts'
import { until } from './yard.ts'

export interface FoldedAnswers {
  readonly answers: number
  readonly previews: number
  /** Previews of answers that died with their worker. */
  readonly orphans: number
  /** Streams that the reader opened behind its first. */
  readonly reopened: number
  readonly runs: number
}

/** Who dies while an answer is shown, answer by answer. The worker always does: else nobody makes the answer again. */
const KILLS = [['worker'], ['api', 'worker'], ['worker', 'api']] as const

/**
 * Lets one session answer again and again while the worker that shows the answer is killed, and the api that streams it,
 * too, and a client folds what it is shown with the SDK's own fold. Rejects when that client cannot, when it comes to
 * another log than the list, in another order, or with an event twice, or when what it was shown is no beginning of
 * an answer.
 */
export async function foldThroughKills(yard: Yard, answers: number): Promise<FoldedAnswers> {
  const session = await yard.createSession()
  const reader = readFolding(yard.client, session)
  const sent: string[] = []
  try {
    await until(async () => reader.streams.length > 0)
    for (let answer = 0; answer < answers; answer++) {
      const text = `answer ${answer} of one two three ${session}`
      const deltas = deltasIn(reader)
      // The first try of this very request falls silent half way; the next one is answered.
      sent.push(
        await yard.send(
          session,
          `#program\nSTALL\nTHINK hm\nSAY ${text}\nTOOL bash {"command":"true"}\nSAY so ${answer}`,
        ),
      )
      await until(async () => deltasIn(reader) > deltas)
      for (const name of KILLS[answer % KILLS.length] ?? []) {
        const opened = reader.streams.length
        const { isBack } = await yard.kill(name)
        await isBack
        if (name === 'api') await until(async () => reader.streams.length > opened)
      }
      await until(async () => reader.events.filter(({ type }) => type === 'session.status_idle').length > answer)
    }
    const listed = await yard.list(session)
    assertWhole(listed, [sent])
    assert.deepEqual(faultsOfLog(listed, 'list'), [])
    assert.deepEqual(reader.events, listed, 'opening, listing and tailing showed the log, once, in order')
    const messages = listed.filter(({ type }) => type === 'agent.message')
    assert.equal(messages.length, 2 * answers, 'two messages a turn')
    let runs = 0
    await until(async () => (runs = await yard.archivedRuns(session)) > 1)
    return {
      answers,
      ...foldStreams(reader.streams, reader.events),
      reopened: reader.streams.length - 1,
      runs: runs + 1,
    }
  } finally {
    reader.close()
  }
}

function deltasIn({ streams }: FoldingReader): number {
  return streams.flat().filter(({ type }) => type === 'event_delta').length
}
