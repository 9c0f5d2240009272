import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createAesCodec } from '../../src/history/codec.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import { readRawHistory, spellingsIn } from '../support/raw-history.ts'
import { bash, createSession, listAll, only, program, saidIn, settled, turn } from './drive.ts'
import { useStack } from './use-stack.ts'

const use = useStack({ codecs: [createAesCodec(randomBytes(32))] })

describe('a session under a payload codec', () => {
  test('runs whole turns, and its history holds no word of them', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const lines = ['SAY "marzipan said"', bash('echo marzipan'), 'SAY "marzipan done"']
    const events = await turn(stack.sdk, session, program(...lines))
    await stack.restartWorkers()
    const more = await turn(stack.sdk, session, program('SAY "marzipan again"'))
    const listed = await listAll(stack.sdk, session)
    expect(listed).toEqual(settled([...events, ...more]))
    expect(faultsOfLog(listed, 'list')).toEqual([])
    expect(saidIn(listed)).toEqual(['marzipan said', 'marzipan done', 'marzipan again'])
    expect(only(listed, 'agent.tool_result')).toMatchObject([{ content: [{ text: 'bash: echo marzipan' }] }])
    await stack.sdk.beta.sessions.update(session, { title: 'marzipan title' })
    expect((await stack.sdk.beta.sessions.retrieve(session)).title).toBe('marzipan title')

    const raw = await readRawHistory(stack.temporal.workflowService, session)
    expect(raw.includes(session)).toBe(true)
    expect(spellingsIn(raw, 'marzipan')).toEqual([])
  })
})
