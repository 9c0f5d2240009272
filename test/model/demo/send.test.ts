import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { createAnswerer } from '../../../src/model/demo/answerer.ts'
import { sendAnswer } from '../../../src/model/demo/send.ts'
import { asking } from '../request.ts'

describe('an answer on its way', () => {
  test.each([
    ['before it begins', 'SLEEP 600000\nSAY late', 0],
    ['between two deltas', 'SAY one two', 600_000],
    ['in a stall', 'STALL\nSAY never', 0],
  ])('ends, without waiting, when the client leaves %s', async (_, program, delayMs) => {
    const response = new ServerResponse(new IncomingMessage(new Socket()))
    const answer = createAnswerer().answer({ ...asking(`#program\n${program}`), stream: true }, 'hash')
    const sent = sendAnswer(response, { ...answer, delayMs })
    response.emit('close')
    await expect(sent).resolves.toBeUndefined()
  })

  test('cannot break off in the middle when it is not streamed', async () => {
    const response = new ServerResponse(new IncomingMessage(new Socket()))
    const answer = createAnswerer().answer(asking('#program\nCUT\nSAY x'), 'hash')
    await expect(sendAnswer(response, { ...answer, delayMs: 0 })).rejects.toMatchObject({ status: 500 })
  })
})
