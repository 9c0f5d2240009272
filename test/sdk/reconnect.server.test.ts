import { describe, expect, test } from 'vitest'
import { createRandom } from '../support/fuzz-random.ts'
import { bash, createSession, listAll, message, program, record, settled } from './drive.ts'
import { foldStreams } from './previews.ts'
import { followCutting } from './reconnecting.ts'
import { useStack } from './use-stack.ts'

const SEEDS = [1, 2, 3, 4]
const TURNS = 3
/** Of the connections of one client, at least. */
const CUTS = 6
const LONG = { timeout: 120_000 }
/** Runs of some twenty events: every session here lives through several. */
const use = useStack({ policy: { run: { events: 20, signals: 1000, bytes: 2 ** 21 } } })

describe('a client that is cut off again and again', () => {
  test.each(SEEDS)('learns every event once and in order, by stream and list (seed %i)', LONG, async (seed) => {
    const { stack, hands } = use()
    const { events } = stack.sdk.beta.sessions
    const session = await createSession(use())
    const uncut = await record(stack.sdk, session)
    await using client = await followCutting(stack, session, createRandom(seed))
    for (let turn = 1; turn <= TURNS || client.cuts.all < CUTS; turn++) {
      const name = `${session} ${turn}`.replace(' ', '-')
      const words = `SAY ${'so it goes on '.repeat(20)}`
      await events.send(session, { events: [program('THINK hm', words, bash('ls'), bash(`hold ${name}`), words)] })
      await hands.held(name)
      await events.send(session, { events: [message(`and then, ${turn}?`)] })
      hands.release(name)
      await uncut.until('session.status_idle', turn)
    }
    const listed = await listAll(stack.sdk, session)
    expect(settled(uncut.events)).toEqual(listed)
    await expect.poll(() => settled(client.known)).toEqual(listed)
    const { previews } = foldStreams(client.connections, listed)
    const { run } = await stack.log.read(session)
    expect(Math.min(previews, run)).toBeGreaterThan(2)
    console.log(
      `reconnect: seed ${seed}, ${client.cuts.all} cuts (${client.cuts.listing} of a list), ${listed.length} events of ${run} runs, each once, ${previews} previews folded`,
    )
  })
})
