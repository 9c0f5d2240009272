import { toFile } from '@anthropic-ai/sdk'
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema'
import { describe, expect, test } from 'vitest'
import { base64, png } from '../support/media.ts'
import { bash, collect, listAll, refused } from './drive.ts'
import { waitingIn } from './settled-calls.ts'
import { useStack } from './use-stack.ts'
import { expectSound, isDone, openWorkshop, resultsIn } from './workshop.ts'

const PIXEL = base64(png())

const use = useStack({ apis: 2 })

describe('a session in a self-hosted environment', () => {
  test('is served by the SDK’s tool runner alone, with a key of the api', async () => {
    const { sdk } = use().stack
    const workshop = await openWorkshop(use(), '')
    const { session, recording } = await workshop.begin('PARALLEL 2', bash('one'), bash('two'), 'SAY done')
    const shell = betaTool({
      name: 'bash',
      description: 'Runs a command.',
      inputSchema: { type: 'object', properties: { command: { type: 'string' } }, required: ['command'] },
      run: ({ command }) => `ran ${command}`,
    })
    const runner = sdk.beta.sessions.events.toolRunner(session, { tools: [shell], maxIdleMs: 200 })
    expect(await collect(runner)).toMatchObject([{ posted: true }, { posted: true }])
    await recording.untilSo(isDone)
    expect(resultsIn(recording.events)).toEqual(['user.tool_result ["ran one"]', 'user.tool_result ["ran two"]'])
    await expectSound(use(), session)
  })

  test('gives the model what a client’s result holds, images too, and refuses what comes too late', async () => {
    const { sdk, model } = use().stack
    const workshop = await openWorkshop(use(), '')
    const { session, recording } = await workshop.begin(bash('draw'), 'SAY done')
    await recording.untilSo((events) => waitingIn(events).length === 1)
    const [call = ''] = waitingIn(recording.events)
    const drawing = png(3, 3)
    const file = await toFile(drawing, 'drawing.png', { type: 'image/png' })
    const { id: file_id } = await sdk.beta.files.upload({ file })
    const source = { type: 'base64', media_type: 'image/png', data: PIXEL } as const
    const content = [
      { type: 'text' as const, text: 'drawn' },
      { type: 'image' as const, source },
      { type: 'image' as const, source: { type: 'file' as const, file_id } },
    ]
    const result = { type: 'user.tool_result', tool_use_id: call, content } as const
    await sdk.beta.sessions.events.send(session, { events: [result] })
    await recording.untilSo(isDone)
    const told = JSON.stringify(model.requests.at(-1)?.body)
    for (const part of ['drawn', PIXEL, base64(drawing)]) expect(told).toContain(part)
    expect(await refused(sdk.beta.sessions.events.send(session, { events: [result] }))).toMatchObject({
      status: 400,
      message: expect.stringContaining(`No tool call ${call} waits for a result`),
    })
    expect(await listAll(sdk, session)).toContainEqual(expect.objectContaining({ ...result, id: expect.any(String) }))
  })
})
