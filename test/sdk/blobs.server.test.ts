import Anthropic from '@anthropic-ai/sdk'
import { describe, expect, test } from 'vitest'
import type { ModelRequest } from '../../src/model/model.ts'
import type { ModelMessage, UserEvent } from '../../src/wire/types.ts'
import { PDF, base64, png } from '../support/media.ts'
import { readRawEvents, spellingsIn } from '../support/raw-history.ts'
import { itemsOf } from '../support/session-log-builders.ts'
import {
  createSession,
  listAll,
  message,
  only,
  program,
  record,
  refused,
  saidIn,
  settled,
  turn,
  typesOf,
} from './drive.ts'
import { useStack } from './use-stack.ts'

const KIB = 1024
/** Of a history event: its payload of 512 KiB and what stands around it, encrypted or not. */
const EVENT_BYTES = 520 * KIB

const requests: ModelRequest[] = []
const use = useStack({
  policy: { tries: 1, run: { events: 60, signals: 1000, bytes: 64 * KIB * KIB } },
  between: (model) => ({
    async request(request, options) {
      requests.push(structuredClone(request))
      return model.request(request, options)
    },
  }),
})

type Message = Extract<UserEvent, { type: 'user.message' }>

const MARK = 'mark of a large text'
const IMAGE = base64(png(40, 30, 3 * KIB * KIB))
const TEXTS: readonly [string, Message][] = [
  [
    'a text of 2 MiB',
    { type: 'user.message', content: [{ type: 'text', text: `${MARK} ${'x'.repeat(2 * KIB * KIB)}` }] },
  ],
  [
    '60 blocks of 60 KiB',
    {
      type: 'user.message',
      content: Array.from({ length: 60 }, (_, n) => ({ type: 'text', text: `${n} ${'语'.repeat(20 * KIB)}` })),
    },
  ],
  [
    'an image of 4 MB',
    {
      type: 'user.message',
      content: [
        { type: 'text', text: 'look' },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: IMAGE } },
      ],
    },
  ],
  [
    'documents and images of every source',
    {
      type: 'user.message',
      content: [
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: base64(png()) } },
        { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
        {
          type: 'document',
          title: 'paper',
          context: 'about blobs',
          source: { type: 'base64', media_type: 'application/pdf', data: base64(PDF) },
        },
        { type: 'document', title: null, source: { type: 'text', media_type: 'text/plain', data: 'w'.repeat(90_000) } },
        { type: 'document', source: { type: 'url', url: 'https://example.com/a.pdf' } },
        { type: 'text', text: 'look' },
      ],
    },
  ],
]

/** The conversation of the last request, without the marks of what the provider caches. */
function lastMessages(): readonly ModelMessage[] {
  const { messages = [] } = requests.at(-1) ?? {}
  return JSON.parse(JSON.stringify(messages), (key, value: unknown) => (key === 'cache_control' ? undefined : value))
}

async function largestEvent(session: string): Promise<number> {
  const events = await readRawEvents(use().stack.temporal.workflowService, session)
  return Math.max(...events.map(({ length }) => length))
}

/** Resolves when the log has so many events of a type; no client needs to be able to read them. */
async function logged(session: string, type: string, count = 1): Promise<void> {
  const { log } = use().stack
  let tell = (): void => undefined
  const told = new Promise<void>((resolve) => (tell = resolve))
  const look = async (): Promise<void> => {
    const items = itemsOf(await log.read(session))
    if (items.filter(({ shown }) => shown?.type === type).length >= count) tell()
  }
  const { cancel } = await log.subscribe(session, { added: () => void look(), ended: () => tell() })
  await look()
  await told
  cancel()
}

/** The user's message as the log shows it, without what the server adds. */
function contentOf(event: { readonly type: string } | undefined): unknown {
  return event && 'content' in event ? event.content : undefined
}

/** Without a title or context that says nothing. */
function asModelTakes({ content }: Message): unknown {
  return content.map((block) => Object.fromEntries(Object.entries(block).filter(([, value]) => value !== null)))
}

describe('a large message', () => {
  test.each(TEXTS)('with %s comes to the model and back to clients as it was', async (_, sent) => {
    const { stack } = use()
    const session = await createSession(use())
    const events = await turn(stack.sdk, session, sent)
    const listed = await listAll(stack.sdk, session)
    const echoes = only(events, 'user.message')
    expect(echoes).toHaveLength(2)
    for (const echo of [...echoes, ...only(listed, 'user.message')]) expect(contentOf(echo)).toEqual(sent.content)
    expect(listed).toEqual(settled(events))
    expect(lastMessages()).toEqual([{ role: 'user', content: asModelTakes(sent) }])
    expect(await largestEvent(session)).toBeLessThan(EVENT_BYTES)
  })

  test('of initial events is no part of the first history event', async () => {
    const { stack } = use()
    const [, [, blocks] = ['', message('')], [, image] = ['', message('')]] = TEXTS
    const session = await createSession(use(), [blocks as Message, image as Message])
    const recording = await record(stack.sdk, session)
    if ((await stack.sdk.beta.sessions.retrieve(session)).status !== 'idle')
      await recording.until('session.status_idle')
    const listed = await listAll(stack.sdk, session)
    expect(only(listed, 'user.message').map(contentOf)).toEqual([contentOf(blocks), contentOf(image)])
    expect(await largestEvent(session)).toBeLessThan(EVENT_BYTES)
    expect(await stack.blobs.list(session)).not.toEqual([])
  })

  test('leaves none of its bytes in history', async () => {
    const { stack } = use()
    const session = await createSession(use())
    await turn(stack.sdk, session, TEXTS[0]?.[1] ?? message(''))
    const raw = Buffer.concat(await readRawEvents(stack.temporal.workflowService, session))
    expect(spellingsIn(raw, MARK)).toEqual([])
  })

  test('waits in the queue through runs, and another worker takes it up', async () => {
    const { stack, hands } = use()
    const session = await createSession(use())
    const recording = await record(stack.sdk, session)
    const calls = Array.from({ length: 12 }, (_, n) => `TOOL bash ${JSON.stringify({ command: `echo ${n}` })}`)
    await stack.sdk.beta.sessions.events.send(session, {
      events: [program(...calls, 'TOOL bash {"command":"hold here"}', 'SAY end')],
    })
    await hands.held('here')
    const late = TEXTS[0]?.[1] ?? message('')
    await stack.sdk.beta.sessions.events.send(session, { events: [late] })
    const queued = (await listAll(stack.sdk, session)).filter(({ processed_at: at }) => at === null)
    expect(queued.map(contentOf)).toEqual([late.type === 'user.message' ? late.content : null])
    await stack.restartWorkers()
    hands.release('here')
    await recording.until('session.status_idle')
    const listed = await listAll(stack.sdk, session)
    expect(contentOf(only(listed, 'user.message').at(-1))).toEqual(contentOf(late))
    expect(JSON.stringify(lastMessages())).toContain(MARK)
    expect((await stack.temporal.workflow.getHandle(session).describe()).historyLength).toBeLessThan(120)
  })
})

describe('a large call', () => {
  const command = `hold ${'c'.repeat(400 * KIB)}`

  test('comes to the hands with its whole input, and its result back, and neither stands in history', async () => {
    const { stack, hands } = use()
    const session = await createSession(use())
    const text = 't'.repeat(80 * KIB)
    const big = `echo ${'d'.repeat(100 * KIB)}`
    const sent = program(`TOOL bash ${JSON.stringify({ command: big })}`, `SAY ${text}`)
    const events = await turn(stack.sdk, session, sent)
    expect(hands.begun.some((one) => one.command === big)).toBe(true)
    expect(only(events, 'agent.tool_use')[0]).toMatchObject({ input: { command: big } })
    expect(only(events, 'agent.tool_result')[0]).toMatchObject({ content: [{ text: `bash: ${big}` }], is_error: false })
    expect(saidIn(events)).toEqual([text])
    expect(await listAll(stack.sdk, session)).toEqual(settled(events))
    expect(JSON.stringify(lastMessages())).toContain(`bash: ${big}`)
    expect(await largestEvent(session)).toBeLessThan(EVENT_BYTES)
  })

  test('whose input looks like our own references is only data', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const own = { path: ['input', 'x'], sha256: 'ab'.repeat(32), length: 9 }
    const input = { command: 'echo', x: '', blobs: { 0: [own] }, entry: { blobs: [own] }, path: own.path }
    const before = await stack.blobs.list(session)
    const events = await turn(stack.sdk, session, program(`TOOL bash ${JSON.stringify(input)}`, 'SAY done'))
    expect(only(events, 'agent.tool_use')[0]?.input).toEqual(input)
    expect(only(await listAll(stack.sdk, session), 'agent.tool_use')[0]?.input).toEqual(input)
    expect(saidIn(events)).toEqual(['done'])
    expect(await stack.blobs.list(session)).toEqual(before)
  })

  test('whose input is lost does not run, and the model is told', async () => {
    const { stack, hands } = use()
    const session = await createSession(use())
    const [lost, asked]: [string[], number] = [[], requests.length]
    const put = stack.blobs.put.bind(stack.blobs)
    // The one blob of the session that holds the call: it is gone as soon as it was written.
    stack.blobs.put = async (owner, sha256, bytes) => {
      if (owner === session && !Buffer.from(bytes).includes('#program')) lost.push(sha256)
      else await put(owner, sha256, bytes)
    }
    try {
      const sent = program(`TOOL bash ${JSON.stringify({ command })}`, 'SAY on')
      await stack.sdk.beta.sessions.events.send(session, { events: [sent] })
      await logged(session, 'session.status_idle')
      expect(lost.length).toBeGreaterThan(0)
      expect(hands.begun.some((one) => one.command === command)).toBe(false)
      const { data } = await stack.sdk.beta.sessions.events.list(session, {
        types: ['agent.tool_result', 'session.error', 'agent.message', 'session.status_idle'],
      })
      expect(data).toMatchObject([
        {
          is_error: true,
          content: [{ text: expect.stringMatching(/^The call did not run: store: the blob .* is missing/) }],
        },
        { type: 'agent.message', content: [{ text: 'on' }] },
        { stop_reason: { type: 'end_turn' } },
      ])
      // The model's own call is gone too.
      expect(JSON.stringify(requests.slice(asked))).toContain('"command":"[This part of the conversation is lost: ')
    } finally {
      stack.blobs.put = put
    }
  })
})

describe('a lost blob', () => {
  test.each<[string, (bytes: Uint8Array) => Uint8Array | null]>([
    ['missing', () => null],
    ['damaged', (bytes) => bytes.slice(0, bytes.length / 2)],
  ])('that is %s fails the page it stands on, readably, and nothing else', async (how, alter) => {
    const { stack } = use()
    const [session, other] = [await createSession(use()), await createSession(use())]
    for (const id of [session, other]) await turn(stack.sdk, id, TEXTS[0]?.[1] ?? message(''))
    const own = stack.blobs.blobs.get(session) ?? new Map<string, Uint8Array>()
    for (const [key, bytes] of own) {
      const altered = alter(bytes)
      if (altered) own.set(key, altered)
      else own.delete(key)
    }
    const error = await refused(listAll(stack.sdk, session))
    expect(error).toBeInstanceOf(Anthropic.InternalServerError)
    expect(String(error)).toMatch(new RegExp(`The event sevt_\\w+ cannot be read: store: the blob .* is ${how}`))
    const [first] = await listAll(stack.sdk, other)
    expect(first?.type).toBe('session.status_running')
    const id = /sevt_\w+/.exec(String(error))?.[0] ?? ''
    const sides = await Promise.all(
      [{ before: id }, { after: id }].map((query) => stack.sdk.beta.sessions.events.list(session, {}, { query })),
    )
    const others = await listAll(stack.sdk, other)
    expect(sides.map(({ data }) => data.length)).not.toContain(0)
    expect(sides.flatMap(({ data }) => typesOf(data))).toEqual(
      typesOf(others.filter(({ type }) => type !== 'user.message')),
    )
    // What does not hold the event is still there.
    const page = await stack.sdk.beta.sessions.events.list(session, { types: ['session.status_idle'] })
    expect(typesOf(page.data)).toEqual(['session.status_idle'])

    const asked = requests.length
    const events = await turn(stack.sdk, session, message('and now?'))
    expect(only(events, 'session.error')).toEqual([])
    expect(saidIn(events)).toHaveLength(1)
    expect(JSON.stringify(requests.slice(asked))).toContain('This part of the conversation is lost')
    expect(saidIn(await turn(stack.sdk, other, program('SAY here')))).toEqual(['here'])
  })
})

describe('what is no blob', () => {
  test('references of a plain client to what was never stored are an error in its own log', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const events = [{ type: 'user.message', id: 'sevt_forged', content: [{ type: 'text', text: '' }] }]
    const blobs = { 0: [{ path: ['content', 0, 'text'], sha256: 'cd'.repeat(32), length: 5 }] }
    const handle = stack.temporal.workflow.getHandle(session)
    await handle.signal('events', { events, blobs })
    await logged(session, 'session.status_idle')
    expect(String(await refused(listAll(stack.sdk, session)))).toContain('sevt_forged cannot be read')
    await handle.signal('events', { events: [{ ...events[0], id: 'sevt_2' }], blobs: { 0: [{ path: ['id'] }] } })
    await logged(session, 'session.error')
    const page = await stack.sdk.beta.sessions.events.list(session, { types: ['session.error'] })
    expect(page.data).toHaveLength(1)
    const other = await createSession(use())
    expect(saidIn(await turn(stack.sdk, other, program('SAY here')))).toEqual(['here'])
  })
})
