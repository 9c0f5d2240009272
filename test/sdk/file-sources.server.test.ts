import { randomBytes } from 'node:crypto'
import Anthropic, { toFile } from '@anthropic-ai/sdk'
import { describe, expect, test } from 'vitest'
import type { ModelRequest } from '../../src/model/model.ts'
import type { UserEvent } from '../../src/wire/types.ts'
import { newId } from '../store/builders.ts'
import { PDF, base64, png } from '../support/media.ts'
import { readRawEvents, spellingsIn } from '../support/raw-history.ts'
import { createSession, listAll, message, only, record, refused, saidIn, settled, turn } from './drive.ts'
import { useStack } from './use-stack.ts'

const requests: ModelRequest[] = []
const use = useStack({
  policy: { tries: 1 },
  between: (model) => ({
    async request(request, options) {
      requests.push(structuredClone(request))
      return model.request(request, options)
    },
  }),
})

type Message = Extract<UserEvent, { type: 'user.message' }>
type Block = Message['content'][number]

const IMAGE = png(40, 30, 30_000)
const TEXT = `Minutes of the meeting, ${'café '.repeat(3_000)}`

async function upload(name: string, bytes: Buffer, type: string, sdk = use().stack.sdk): Promise<string> {
  return (await sdk.beta.files.upload({ file: await toFile(bytes, name, { type }) })).id
}

const image = (id: string): Block => ({ type: 'image', source: { type: 'file', file_id: id } })
const document = (id: string, about: object = {}): Block => ({
  type: 'document',
  source: { type: 'file', file_id: id },
  ...about,
})
const say = (...content: Block[]): Message => ({ type: 'user.message', content })

/** The conversations of the requests so far, without the marks of what the provider caches. */
function conversations(): string[] {
  return requests.map(({ messages }) =>
    JSON.stringify(messages, (key, value: unknown) => (key === 'cache_control' ? undefined : value)),
  )
}

function send(session: string, ...content: Block[]): Promise<unknown> {
  return use().stack.sdk.beta.sessions.events.send(session, { events: [say(...content)] })
}

describe('a file in a message', () => {
  test('comes to the model with its bytes and back to clients by its id, whatever becomes of it', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const ids = [
      await upload('a.png', IMAGE, 'image/png'),
      await upload('b.pdf', PDF, 'application/pdf'),
      await upload('c.txt', Buffer.from(TEXT), 'text/plain'),
    ] as const
    const about = { title: 'minutes', context: 'of May' }
    const content = [image(ids[0]), document(ids[1]), document(ids[2], about), { type: 'text', text: 'look' } as const]
    const asked = requests.length
    const events = await turn(stack.sdk, session, say(...content))
    const listed = await listAll(stack.sdk, session)
    expect(listed).toEqual(settled(events))
    for (const echo of only(events, 'user.message')) expect(echo.content).toEqual(content)
    const { messages } = requests[asked] ?? {}
    expect(messages).toMatchObject([
      {
        role: 'user',
        content: [
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: base64(IMAGE) } },
          { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: base64(PDF) } },
          { type: 'document', source: { type: 'text', media_type: 'text/plain', data: TEXT }, ...about },
          { type: 'text', text: 'look' },
        ],
      },
    ])
    const raw = Buffer.concat(await readRawEvents(stack.temporal.workflowService, session))
    expect(spellingsIn(raw, 'Minutes of the meeting')).toEqual([])

    const before = conversations()[asked]?.slice(0, -1)
    for (const id of ids) await stack.sdk.beta.files.delete(id)
    await stack.restartWorkers()
    const later = await turn(stack.sdk, session, message('and now?'))
    expect(saidIn(later)).toHaveLength(1)
    expect(
      conversations()
        .at(-1)
        ?.startsWith(before ?? 'none'),
    ).toBe(true)
    expect((await listAll(stack.sdk, session)).slice(0, listed.length)).toEqual(listed)
  })

  test('of a new session comes to the model, and the copy goes with the session', async () => {
    const { stack } = use()
    const id = await upload('a.png', IMAGE, 'image/png')
    const session = await createSession(use(), [say(image(id), { type: 'text', text: 'look' })])
    const recording = await record(stack.sdk, session)
    if ((await stack.sdk.beta.sessions.retrieve(session)).status !== 'idle')
      await recording.until('session.status_idle')
    expect(conversations().at(-1)).toContain(base64(IMAGE))
    expect(await stack.blobs.list(session)).toHaveLength(1)
    await stack.sdk.beta.sessions.delete(session)
    expect((await stack.sdk.beta.files.retrieveMetadata(id)).size_bytes).toBe(IMAGE.length)
  })

  test('whose copy is lost is named as lost to the model, and the session goes on', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const id = await upload('a.png', png(9, 9), 'image/png')
    await turn(stack.sdk, session, say(image(id), { type: 'text', text: 'look' }))
    stack.blobs.blobs.get(session)?.clear()
    await stack.restartWorkers()
    const events = await turn(stack.sdk, session, message('and now?'))
    expect(only(events, 'session.error')).toEqual([])
    expect(conversations().at(-1)).toContain('This part of the conversation is lost')
    expect(only(await listAll(stack.sdk, session), 'user.message')[0]?.content[0]).toEqual(image(id))
  })

  test('that is none, is another’s or is gone is refused as missing, and nothing is stored', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const secret = newId('lh')
    const other = newId('wrkspc')
    await stack.stores.keys.createWorkspace(other, other)
    await stack.stores.keys.create({ id: newId('key'), name: other, workspaceId: other }, secret)
    const theirs = new Anthropic({ baseURL: stack.urls[0] ?? '', apiKey: secret, maxRetries: 0 })
    const gone = await upload('a.png', IMAGE, 'image/png')
    await stack.sdk.beta.files.delete(gone)
    const ids = ['file_none', await upload('a.png', IMAGE, 'image/png', theirs), gone]
    for (const id of ids) {
      const error = await refused(send(session, { type: 'text', text: 'look' }, image(id)))
      expect(error).toBeInstanceOf(Anthropic.NotFoundError)
      expect(error).toMatchObject({ apiMessage: `events.0.content.1.source.file_id: no file ${id}` })
      const { agent, environment } = use()
      const events = [say(image(id))]
      const creating = stack.sdk.beta.sessions.create({ agent, environment_id: environment, initial_events: events })
      expect(await refused(creating)).toMatchObject({
        status: 404,
        apiMessage: `initial_events.0.content.0.source.file_id: no file ${id}`,
      })
    }
    expect(await stack.blobs.list(session)).toEqual([])
    expect(await listAll(stack.sdk, session)).toEqual([])
  })

  test('that no model reads as such a block is refused, in words', async () => {
    const session = await createSession(use())
    const pdf = await upload('b.pdf', PDF, 'application/pdf')
    const cases: [Block, RegExp][] = [
      [image(pdf), /content\.0\.source\.file_id: expected a file of the type image\/png, .*, got application\/pdf/],
      [document(await upload('a.png', IMAGE, 'image/png')), /application\/pdf, text\/plain, got image\/png/],
      [document(await upload('a.bin', PDF, 'application/octet-stream')), /got application\/octet-stream/],
      [document(await upload('b.pdf', IMAGE, 'application/pdf')), /expected a PDF, got other bytes/],
      [image(await upload('a.gif', IMAGE, 'image/gif')), /expected an image of the type image\/gif/],
      [image(await upload('a.png', png(8001, 1), 'image/png')), /8000 pixels a side, got 8001 x 1/],
      [image(await upload('a.png', png(2, 2, 4 * 1024 * 1024), 'image/png')), /5242880 bytes of base64/],
      [document(await upload('a.txt', Buffer.from([0xff, 0xfe]), 'text/plain')), /text in UTF-8/],
      [document(await upload('a.txt', Buffer.from(' \n'), 'text/plain')), /only white space/],
      [document(await upload('a.txt', Buffer.of(), 'text/plain')), /only white space/],
    ]
    for (const [block, reason] of cases) {
      const error = await refused(send(session, block))
      expect(error).toBeInstanceOf(Anthropic.BadRequestError)
      expect(String(error)).toMatch(reason)
    }
    const half = await upload('half.pdf', Buffer.concat([PDF, randomBytes(10 * 1024 * 1024)]), 'application/pdf')
    expect(await refused(send(session, document(half), document(half)))).toMatchObject({ status: 413 })
    expect(await use().stack.blobs.list(session)).toEqual([])
  })

  test('from a plain client is an error in its session’s log, and the session goes on', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const recording = await record(stack.sdk, session)
    const id = await upload('a.png', IMAGE, 'image/png')
    const handle = stack.temporal.workflow.getHandle(session)
    for (const file of [id, 'file_none']) await handle.signal('events', { events: [say(image(file))] })
    await recording.until('session.error', 2)
    const errors = only(await listAll(stack.sdk, session), 'session.error')
    for (const { error } of errors) expect(error.message).toContain('by the id of a file; send it through the API')
    expect(saidIn(await turn(stack.sdk, session, message('still there?')))).toHaveLength(1)
  })
})
