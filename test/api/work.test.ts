import { describe, expect, test } from 'vitest'
import { noon } from '../store/builders.ts'
import { NOON, SHOWN, active, buildItem, workScene } from './work-scene.ts'

describe('an item', () => {
  test('is acknowledged once', async () => {
    const { send } = workScene([buildItem({ polledAt: noon, given: 1 })])
    const { status, body } = await send('environment', 'POST /work_1/ack')
    expect([status, body]).toEqual([200, { ...SHOWN, state: 'starting', acknowledged_at: NOON }])
    const again = await send('environment', 'POST /work_1/ack')
    expect([again.status, again.body.error.type]).toEqual([409, 'conflict_error'])
    expect(again.headers['x-should-retry']).toBe('false')
    const repeated = await send('work', 'POST /work_1/ack', undefined, { 'x-stainless-retry-count': '1' })
    expect([repeated.status, repeated.body]).toEqual([200, body])
  })

  test('is the worker’s that acknowledged it, although its answer was an error', async () => {
    const { send, work } = workScene([buildItem()])
    await send('environment', 'GET /poll')
    const { ack } = work
    work.ack = async (...args) => {
      work.ack = ack
      await ack(...args)
      throw new Error('the answer of the commit was lost')
    }
    expect((await send('environment', 'POST /work_1/ack')).status).toBe(500)
    expect((await send('environment', 'POST /work_1/ack')).status).toBe(409)
    const repeated = await send('environment', 'POST /work_1/ack', undefined, { 'x-stainless-retry-count': '1' })
    expect([repeated.status, repeated.body.state]).toEqual([200, 'starting'])
    expect((await send('work', 'POST /work_1/ack')).status).toBe(200)
  })

  test('that nobody polled is not acknowledged', async () => {
    const { status, body } = await workScene([buildItem()]).send('environment', 'POST /work_1/ack')
    expect([status, body.error.message]).toEqual([409, expect.stringContaining('nobody has polled it')])
  })

  test('is held by heartbeats, each of which names the one before it', async () => {
    const { send, work } = workScene([buildItem({ polledAt: noon, state: 'starting', acknowledgedAt: noon })])
    const beat = (expected: string, more = '') =>
      send('work', `POST /work_1/heartbeat?expected_last_heartbeat=${expected}${more}`)
    const first = await beat('NO_HEARTBEAT')
    const answer = { type: 'work_heartbeat', lease_extended: true, state: 'active', ttl_seconds: 90 }
    expect([first.status, first.body]).toEqual([200, { ...answer, last_heartbeat: NOON }])
    expect(work.items.get('work_1')).toMatchObject({ state: 'active', startedAt: noon })

    work.now = new Date(noon.getTime() + 30_000)
    const second = await beat(first.body.last_heartbeat, '&desired_ttl_seconds=7')
    expect(second.body).toEqual({ ...answer, last_heartbeat: work.now.toISOString(), ttl_seconds: 7 })

    // Its answer was lost, and this is a new request of whoever holds the item.
    expect((await beat(first.body.last_heartbeat, '&desired_ttl_seconds=7')).body).toEqual(second.body)
    for (const expected of ['NO_HEARTBEAT', '2026-03-01T12:00:01.000Z']) {
      const { status, body, headers } = await beat(expected)
      expect([status, body.error.type, headers['x-should-retry']]).toEqual([412, 'invalid_request_error', 'false'])
      expect(body.error.details).toEqual({
        error_code: 'heartbeat_precondition_failed',
        current_state: {
          last_heartbeat: second.body.last_heartbeat,
          lease_extended: false,
          state: 'active',
          ttl_seconds: 7,
        },
      })
    }
    // The second is how the SDK writes null.
    for (const query of ['', '?expected_last_heartbeat='])
      expect((await send('environment', `POST /work_1/heartbeat${query}`)).status).toBe(200)
  })

  test('that nobody holds is held by no heartbeat', async () => {
    const { status, body } = await workScene([buildItem({ polledAt: noon })]).send(
      'work',
      'POST /work_1/heartbeat?expected_last_heartbeat=NO_HEARTBEAT',
    )
    expect([status, body.error.details.current_state]).toEqual([
      412,
      { last_heartbeat: null, lease_extended: false, state: 'queued', ttl_seconds: 90 },
    ])
  })

  test('that another worker has by now is told to its former one', async () => {
    const { send } = workScene([active])
    expect((await send('late', 'POST /work_1/heartbeat')).status).toBe(412)
    expect((await send('late', 'POST /work_1/ack')).status).toBe(409)
    const { status, body } = await send('late', 'POST /work_1/stop', { force: true })
    expect([status, body.error.message]).toEqual([409, "work_1 is another worker's by now."])
  })

  test.each(['desired_ttl_seconds=1', 'desired_ttl_seconds=3601', 'desired_ttl_seconds=2.5', 'ttl=9'])(
    'is held for no %s',
    async (query) => {
      expect((await workScene([active]).send('work', `POST /work_1/heartbeat?${query}`)).status).toBe(400)
    },
  )

  test('is asked to stop, and its next heartbeat says so', async () => {
    const { send, work } = workScene([active])
    const { status, body } = await send('key', 'POST /work_1/stop')
    expect([status, body]).toMatchObject([200, { state: 'stopping', stop_requested_at: NOON, stopped_at: null }])
    expect((await send('key', 'POST /work_1/stop', {})).status).toBe(200)
    const beat = await send('work', 'POST /work_1/heartbeat?expected_last_heartbeat=whatever')
    expect([beat.status, beat.body.state]).toEqual([200, 'stopping'])
    const stopped = await send('work', 'POST /work_1/stop', { force: true })
    expect(stopped.body).toMatchObject({ state: 'stopped', stopped_at: NOON })
    expect(work.items.get('work_1')?.stoppedBy).toBe('operator')
    const again = await send('work', 'POST /work_1/stop', { force: true })
    expect([again.status, again.body.error.message]).toEqual([409, 'work_1 is stopped already.'])
    const late = await send('work', 'POST /work_1/heartbeat')
    expect(late.body).toMatchObject({ state: 'stopped', lease_extended: false })
  })

  test.each(['environment', 'work'])('that is stopped with a worker’s %s credential was stopped by it', async (as) => {
    const { send, work } = workScene([active])
    await send(as, 'POST /work_1/stop', { force: true })
    expect(work.items.get('work_1')?.stoppedBy).toBe('worker')
  })

  test.each([
    ['a text for force', { force: 'yes' }],
    ['more than force', { force: true, why: 'because' }],
    ['a list', []],
  ])('is not stopped by %s', async (_, body) => {
    const { send, work } = workScene([active])
    expect((await send('key', 'POST /work_1/stop', body)).status).toBe(400)
    expect(work.items.get('work_1')).toEqual(active)
  })

  test('has metadata that are patched', async () => {
    const { send } = workScene([buildItem({ metadata: { a: '1', b: '2' } })])
    const { body } = await send('key', 'POST /work_1', { metadata: { a: null, c: '3' } })
    expect(body).toEqual({ ...SHOWN, metadata: { b: '2', c: '3' } })
    expect((await send('environment', 'GET /work_1')).body).toEqual(body)
  })

  test.each([
    ['no text', { metadata: { a: 1 } }],
    ['long keys', { metadata: { ['k'.repeat(65)]: 'v' } }],
    ['long values', { metadata: { k: 'v'.repeat(513) } }],
    ['17 pairs', { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, 'v'])) }],
    ['no object', { metadata: [] }],
  ])('takes no metadata with %s', async (_, body) => {
    const { send, work } = workScene([buildItem()])
    const answer = await send('key', 'POST /work_1', body)
    expect([answer.status, answer.body.error.details]).toEqual([400, { error_code: 'invalid_metadata' }])
    expect(work.items.get('work_1')?.metadata).toEqual({})
  })

  test('needs metadata to be patched', async () => {
    const { send } = workScene([buildItem()])
    for (const body of [{}, { name: 'x' }]) expect((await send('key', 'POST /work_1', body)).status).toBe(400)
  })

  test.each([
    ['key', 'GET /work_9'],
    ['key', 'POST /work_9/stop'],
    ['environment', 'POST /work_9/ack'],
    ['environment', 'POST /work_9/heartbeat'],
  ])('that is not there is missing to a %s at %s', async (as, call) => {
    const { status, body } = await workScene().send(as, call)
    expect([status, body.error.message]).toEqual([404, 'No work item work_9.'])
  })

  test('that is not there has no metadata', async () => {
    expect((await workScene().send('key', 'POST /work_9', { metadata: {} })).status).toBe(404)
  })
})

describe('the queue', () => {
  test('is listed page by page, newest first', async () => {
    const items = [1, 2, 3].map((n) => buildItem({ id: `work_${n}`, createdAt: new Date(noon.getTime() + n) }))
    const { send } = workScene(items)
    const first = await send('environment', 'GET ?limit=2')
    expect(first.body.data.map(({ id }: { id: string }) => id)).toEqual(['work_3', 'work_2'])
    const rest = await send('key', `GET ?limit=2&page=${first.body.next_page}`)
    expect([rest.body.data.map(({ id }: { id: string }) => id), rest.body.next_page]).toEqual([['work_1'], null])
    expect((await send('key', 'GET ?page=other')).status).toBe(400)
  })

  test('has figures', async () => {
    const { body } = await workScene().send('key', 'GET /stats')
    const figures = { depth: 2, pending: 1, oldest_queued_at: NOON, workers_polling: 3 }
    expect(body).toEqual({ type: 'work_queue_stats', ...figures })
  })

  test.each(['GET', 'GET /stats', 'GET /work_1', 'POST /work_1/stop'])(
    'of a cloud environment is none: %s',
    async (call) => {
      const [method, rest = ''] = call.split(' ')
      const { status, body } = await workScene().send('key', `${method} /v1/environments/env_1/work${rest}`)
      expect([status, body.error.message]).toEqual([400, expect.stringContaining('env_1 is a cloud environment')])
      const missing = await workScene().send('key', `${method} /v1/environments/env_none/work${rest}`)
      expect(missing.status).toBe(404)
    },
  )
})
