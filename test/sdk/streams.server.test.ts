import { describe, expect, onTestFinished, test } from 'vitest'
import type { SessionEvent } from '../../src/wire/types.ts'
import { bash, createSession, listAll, message, program, record, turn } from './drive.ts'
import { useStack } from './use-stack.ts'

/** No api hears of deletions from the other, as while its connection for such news is broken. */
const use = useStack({ apis: 2, announces: false })

interface Frame {
  readonly id: string
  readonly event: SessionEvent
}

/** A stream as its bytes are: every event with the `id:` of its frame. */
async function openRaw(session: string, headers: Record<string, string> = {}) {
  const { stack } = use()
  const controller = new AbortController()
  onTestFinished(() => controller.abort())
  const response = await fetch(`${stack.urls[0]}/v1/sessions/${session}/events/stream`, {
    headers: { 'x-api-key': stack.apiKey, ...headers },
    signal: controller.signal,
  })
  async function* read(): AsyncGenerator<Frame> {
    let text = ''
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk
      const frames = text.split('\n\n')
      text = frames.pop() ?? ''
      for (const frame of frames) {
        const [, name, id = '', data = ''] = /^event: (.*)\nid: (.*)\ndata: (.*)$/.exec(frame) ?? []
        if (name === undefined) continue
        expect(name).toBe('message')
        yield { id, event: JSON.parse(data) }
      }
    }
  }
  const frames = read()
  async function take(count: number): Promise<readonly Frame[]> {
    const taken: Frame[] = []
    while (taken.length < count) {
      const { value, done } = await frames.next()
      if (done) break
      taken.push(value)
    }
    return taken
  }
  return { response, take, close: () => controller.abort() }
}

/** The frames of a session from its first event on, with two turns, a call and a message that had to wait. */
async function watchWhole(): Promise<{ session: string; frames: readonly Frame[] }> {
  const { stack, hands } = use()
  const session = await createSession(use())
  const stream = await openRaw(session)
  await turn(stack.sdk, session, program('THINK hm', 'SAY one', bash('ls'), 'SAY two'))
  const recording = await record(stack.sdk, session)
  await stack.sdk.beta.sessions.events.send(session, { events: [program(bash(`hold ${session}`), 'SAY three')] })
  await hands.held(session)
  await stack.sdk.beta.sessions.events.send(session, { events: [message('and then?')] })
  hands.release(session)
  await recording.until('session.status_idle')
  const listed = await listAll(stack.sdk, session)
  const echoes = listed.filter(({ type }) => type === 'user.message').length
  return { session, frames: await stream.take(listed.length + echoes) }
}

describe('a Last-Event-ID', () => {
  test('at any place of a log brings exactly the rest, and then what comes', async () => {
    const { stack } = use()
    const { session, frames } = await watchWhole()
    expect(new Set(frames.map(({ id }) => id)).size).toBe(frames.length)
    const resumed = await Promise.all(
      frames.map(async ({ id }, at) => {
        const stream = await openRaw(session, { 'last-event-id': id })
        return { stream, at, rest: await stream.take(frames.length - at - 1) }
      }),
    )
    for (const { at, rest } of resumed) expect(rest).toEqual(frames.slice(at + 1))
    const live = await openRaw(session)
    await turn(stack.sdk, session, program('SAY four'))
    const more = await live.take(10)
    expect(more.at(-1)?.event.type).toBe('session.status_idle')
    for (const { stream } of resumed) {
      expect(await stream.take(10)).toEqual(more)
      stream.close()
    }
    console.log(`resumed streams: n = ${resumed.length} places of a log, each with exactly the rest`)
  })

  test('goes on over a turn that is under way without gap or double', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const whole = await openRaw(session)
    await stack.sdk.beta.sessions.events.send(session, {
      events: [program(bash('a'), bash('b'), bash('c'), 'SAY done')],
    })
    const pieces: Frame[] = []
    let last: Frame | undefined
    for (let round = 0; last?.event.type !== 'session.status_idle'; round++) {
      const stream = await openRaw(session, last ? { 'last-event-id': last.id } : {})
      const taken: readonly Frame[] = round === 0 ? await whole.take(1) : await stream.take(3)
      pieces.push(...taken)
      last = taken.at(-1)
      stream.close()
    }
    const again = await openRaw(session, { 'last-event-id': pieces[0]?.id ?? '' })
    expect(await again.take(pieces.length - 1)).toEqual(pieces.slice(1))
  })

  test.each(['99.1.0', '1.999999.0', '1.5.77', 'nonsense', '1.5.0\t2'])(
    'that names nothing is refused: %j',
    async (id) => {
      const session = await createSession(use())
      await turn(use().stack.sdk, session, program('SAY one'))
      const { response } = await openRaw(session, { 'last-event-id': id })
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({
        error: { type: 'invalid_request_error', message: expect.stringMatching(/^last-event-id: /) },
        request_id: response.headers.get('request-id'),
      })
    },
  )
})

describe('a stream whose api hears nothing of a deletion', () => {
  test('is ended by the log itself, with the last event', async () => {
    const { stack } = use()
    const session = await createSession(use())
    await turn(stack.sdk, session, program('SAY one'))
    const recordings = await Promise.all(stack.clients.map((sdk) => record(sdk, session)))
    await stack.sdk.beta.sessions.delete(session)
    await Promise.all(recordings.map(({ ended }) => ended))
    for (const { events } of recordings) expect(events.map(({ type }) => type)).toEqual(['session.deleted'])
  })

  test('is ended although the history is gone before anybody has read its end', async () => {
    const { stack } = use()
    const session = await createSession(use())
    await turn(stack.sdk, session, program('SAY one'))
    const recordings = await Promise.all(stack.clients.map((sdk) => record(sdk, session)))
    const { workflowService, options } = stack.temporal
    await workflowService.deleteWorkflowExecution({
      namespace: options.namespace,
      workflowExecution: { workflowId: session },
    })
    await Promise.all(recordings.map(({ ended }) => ended))
    for (const { events } of recordings) expect(events.length).toBeLessThanOrEqual(2)
  })
})
