import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Answer } from './raw-http.ts'
import { call } from './raw-http.ts'
import { createSession, message } from './drive.ts'
import { useStack } from './use-stack.ts'

const ROUNDS = 30
/** Spread over which the requests of a round begin. */
const SPREAD_MS = 60
const use = useStack()

describe('requests that race for the end of a session', () => {
  test('are answered each with what was decided, never with a failure', async () => {
    const { stack } = use()
    const [url = ''] = stack.urls
    const headers = { authorization: `Bearer ${stack.apiKey}` }
    const answers: Answer[] = []
    async function ask(method: string, path: string, body?: unknown): Promise<void> {
      await sleep(Math.random() * SPREAD_MS)
      answers.push(await call(url, { method, path, headers, body }))
    }
    for (let round = 0; round < ROUNDS; round++) {
      const path = `/v1/sessions/${await createSession(use())}`
      await Promise.all([
        ask('POST', `${path}/archive`),
        ask('POST', `${path}/archive`),
        ask('POST', path, { title: 'x' }),
        ask('POST', `${path}/events`, { events: [message('x')] }),
        ask('DELETE', path),
      ])
    }
    const failures = answers.filter(({ status }) => ![200, 400, 404].includes(status)).map(({ text }) => text)
    expect(failures).toEqual([])
    console.log(`races: n = ${answers.length} requests in ${ROUNDS} races`)
  })
})
