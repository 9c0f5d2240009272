import { describe, expect, test } from 'vitest'
import { allow, assertAnswered, letWait, readBytes, settleSessions } from './restart.ts'
import { useYard } from './use-yard.ts'

const LIMIT_MS = 240_000
/** So few that logs go over several runs, and a wait is longer than one. */
const RUN_EVENTS = 20
const WAITERS = 4

const yard = useYard({ runEvents: RUN_EVENTS })

describe('the whole service', () => {
  test('stopped and started again, has every log byte for byte, and goes on', { timeout: LIMIT_MS }, async () => {
    const waiter = await letWait(yard())
    const ids = [...(await settleSessions(yard())), waiter.id]
    const read = () => Promise.all(ids.map((id) => readBytes(yard(), id)))
    const [before, waiting] = [await read(), await yard().list(waiter.id)]
    await yard().restart()
    expect(await read()).toEqual(before)
    await allow(yard(), waiter)
    await assertAnswered(yard(), waiter, waiting)
    const [id = ''] = ids
    const sent = await yard().send(id, '#program\nSAY still here')
    await expect.poll(async () => JSON.stringify((await yard().list(id)).slice(-6))).toContain('session.status_idle')
    expect((await yard().list(id)).map((event) => event.id)).toContain(sent)
    const events = before.map(([text = '']) => JSON.parse(text).data.length)
    console.info(
      `restart: ${ids.length} sessions, ${events.reduce((sum, n) => sum + n, 0)} events, byte for byte the same`,
    )
  })

  test.each(['temporal', 'postgres'] as const)(
    'goes on with sessions that wait for their clients when %s is killed, each command once',
    { timeout: LIMIT_MS },
    async (name) => {
      const waiters = await Promise.all(Array.from({ length: WAITERS }, () => letWait(yard())))
      const before = await Promise.all(waiters.map(({ id }) => yard().list(id)))
      // Clients repeat what is refused meanwhile; the others answer when all is back.
      const [during, after] = [waiters.slice(0, WAITERS / 2), waiters.slice(WAITERS / 2)]
      let answers: Promise<unknown> = Promise.resolve()
      await yard().without(name, async () => {
        let refused = 0
        const client = yard().client.withOptions({
          fetch: async (url, init) => {
            const response = await fetch(url, init)
            if (response.status >= 500) refused += 1
            return response
          },
        })
        answers = Promise.all(during.map((waiter) => allow({ client }, waiter)))
        await expect.poll(() => refused).toBeGreaterThanOrEqual(during.length)
      })
      await answers
      for (const waiter of after) await allow(yard(), waiter)
      for (const [index, waiter] of waiters.entries()) await assertAnswered(yard(), waiter, before[index] ?? [])
      console.info(`${name} killed under ${WAITERS} sessions that wait: ${WAITERS} commands, once each`)
    },
  )
})
