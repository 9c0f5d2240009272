import { describe, expect, test } from 'vitest'
import { mintId } from '../../src/wire/mint.ts'
import { createSession, listAll, only, program, saidIn, turn } from './drive.ts'
import { call } from './raw-http.ts'
import { useStack } from './use-stack.ts'

const use = useStack({ policy: { run: { events: 20, signals: 1_000, bytes: 2 * 1024 * 1024 } } })

/** Takes turns until the session is in another run. */
async function goOver(session: string): Promise<void> {
  const { stack } = use()
  const { run } = await stack.log.read(session)
  while ((await stack.log.read(session)).run === run) await turn(stack.sdk, session, program('SAY on'))
}

describe('a request that is sent again in a later run', () => {
  test('is the same event: its signal is taken once', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const signal = { events: [{ ...program('SAY once'), id: mintId('sevt') }], by: 'key_test' }
    for (let n = 0; n < 3; n++) {
      await stack.workflows.signal(session, signal, 'ingr_again')
      await goOver(session)
    }
    const log = await listAll(stack.sdk, session)
    expect(only(log, 'user.message').filter(({ id }) => id === signal.events[0]?.id)).toHaveLength(1)
    expect(new Set(log.map(({ id }) => id)).size).toBe(log.length)
  })

  test('under its key gets the same answer', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const headers = { authorization: `Bearer ${stack.apiKey}`, 'idempotency-key': 'k' }
    const path = `/v1/sessions/${session}/events`
    const post = () =>
      call(stack.urls[0] ?? '', { method: 'POST', path, headers, body: { events: [program('SAY keyed')] } })
    const first = await post()
    await goOver(session)
    expect(await post()).toMatchObject({ status: 200, text: first.text })
    expect(saidIn(await listAll(stack.sdk, session)).filter((text) => text === 'keyed')).toHaveLength(1)
  })
})
