import { Connection } from '@temporalio/client'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openYard, until } from '../chaos/yard.ts'
import { createSession, program, saidIn, turn } from '../sdk/drive.ts'
import { useStack } from '../sdk/use-stack.ts'
import { testCodecs } from '../support/codecs.ts'
import { readRawHistory, spellingsIn } from '../support/raw-history.ts'

const LIMIT_MS = 180_000
const use = useStack()
const plain = useStack({ codecs: [] })

describe('a run of the tests under a payload codec', { timeout: LIMIT_MS }, () => {
  test('keeps no word of a session in the history of a stack', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const events = await turn(stack.sdk, session, program('SAY "marzipan said"'))
    expect(saidIn(events)).toEqual(['marzipan said'])
    expect(spellingsIn(await readRawHistory(stack.temporal.workflowService, session), 'marzipan')).toEqual([])
  })

  test('keeps no word of a session in the history of real processes', async () => {
    const yard = await openYard()
    onTestFinished(() => yard[Symbol.asyncDispose](), LIMIT_MS)
    const session = await yard.createSession()
    await yard.send(session, '#program\nSAY "marzipan said"')
    await until(async () => (await yard.list(session)).some(({ type }) => type === 'agent.message'))
    const connection = await Connection.connect({ address: yard.temporalAddress })
    const raw = await readRawHistory(connection.workflowService, session)
    await connection.close()
    expect(spellingsIn(raw, 'marzipan')).toEqual([])
  })

  test('would notice one', async () => {
    expect(testCodecs()).toHaveLength(1)
    const { stack } = plain()
    const session = await createSession(plain())
    await turn(stack.sdk, session, program('SAY "marzipan said"'))
    expect(spellingsIn(await readRawHistory(stack.temporal.workflowService, session), 'marzipan')).not.toEqual([])
  })
})
