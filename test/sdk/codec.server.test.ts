import { randomBytes } from 'node:crypto'
import proto from '@temporalio/proto'
import { describe, expect, test } from 'vitest'
import { createAesCodec } from '../../src/history/codec.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import { bash, createSession, listAll, only, program, saidIn, settled, turn } from './drive.ts'
import { useStack } from './use-stack.ts'

const use = useStack({ codecs: [createAesCodec(randomBytes(32))] })

/** Every byte of a session's history as the server keeps it. */
async function rawHistory(session: string): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let nextPageToken: Uint8Array = new Uint8Array()
  do {
    const page = await use().stack.temporal.workflowService.getWorkflowExecutionHistory({
      namespace: 'default',
      execution: { workflowId: session },
      nextPageToken,
    })
    for (const event of page.history?.events ?? []) {
      chunks.push(proto.temporal.api.history.v1.HistoryEvent.encode(event).finish())
    }
    nextPageToken = page.nextPageToken ?? new Uint8Array()
  } while (nextPageToken.length > 0)
  return Buffer.concat(chunks)
}

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

    const raw = await rawHistory(session)
    expect(raw.includes(session)).toBe(true)
    for (const spelling of ['marzipan', Buffer.from('marzipan').toString('base64').slice(0, 10)]) {
      expect(raw.includes(spelling)).toBe(false)
    }
  })
})
