import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { listEvents } from '../../src/api/event-list.ts'
import { stow } from '../../src/history/blobs.ts'
import type { LogView } from '../../src/history/tracked.ts'
import { encodeCursor } from '../../src/wire/pages.ts'
import type { EventListQuery } from '../../src/wire/types.ts'
import { createPartStores } from './part-stores.ts'
import type { Step } from './view-builder.ts'
import { buildView, viewReader } from './view-builder.ts'

const at = 1_700_000_000_000
const STEPS: readonly Step[] = [
  { do: 'queue', id: 'm1', at },
  { do: 'say', id: 'a', at: at + 1000 },
  { do: 'take', id: 'm1', at: at + 1000 },
  { do: 'hide', at: at + 2000 },
  { do: 'say', id: 'b', at: at + 3000 },
  { do: 'queue', id: 'm2', at: at + 4000 },
  { do: 'say', id: 'c', at: at + 5000 },
  { do: 'queue', id: 'm3', at: at + 6000 },
]
const view = buildView(STEPS)

const reader = viewReader()
const stores = createPartStores()

function list(query: EventListQuery, of: LogView = view, workspaceId = 'default') {
  return listEvents(reader, of, { query, workspaceId, stores })
}

async function ids(query: EventListQuery): Promise<string[]> {
  return (await list(query)).data.map(({ id }) => id)
}

/** Pages to the end; `next` gives the view that each page is cut from. */
async function walk(query: EventListQuery, next: () => LogView): Promise<string[][]> {
  const pages: string[][] = []
  let page: string | null = null
  do {
    const answer: Awaited<ReturnType<typeof list>> = await list(
      { ...query, ...(page === null ? {} : { page }) },
      next(),
    )
    pages.push(answer.data.map(({ id, processed_at: time }) => (time === null ? `${id} queued` : id)))
    page = answer.next_page
    if (pages.length > STEPS.length + 100) throw new Error('expected the walk to end')
  } while (page !== null)
  return pages
}

describe('the list of events', async () => {
  test('is the finished events in log order, then the queue', async () => {
    expect(await ids({})).toEqual(['a', 'm1', 'b', 'c', 'm2', 'm3'])
    expect(await ids({ order: 'desc' })).toEqual(['m3', 'm2', 'c', 'b', 'm1', 'a'])
  })

  test('adds the queue whole to the page that ends the finished ones, or begins with it in descending order', async () => {
    expect(await walk({ limit: 2 }, () => view)).toEqual([
      ['a', 'm1'],
      ['b', 'c', 'm2 queued', 'm3 queued'],
    ])
    expect(await walk({ limit: 3, order: 'desc' }, () => view)).toEqual([
      ['m3 queued', 'm2 queued', 'c', 'b', 'm1'],
      ['a'],
    ])
  })

  test('gives a queue that leaves no room beside it a page of its own, or one with a single finished event', async () => {
    const { blobs: kept } = await stow(stores.blobs, 'sesn_1', [{ text: 'x'.repeat(100_000) }])
    const withLarge = (length: number): LogView => {
      const content = [{ type: 'text' as const, text: '' }]
      const queue = view.state.queue.map(({ id }) => ({ id, type: 'user.message' as const, content }))
      const refs = (kept?.[0] ?? []).map((ref) => ({ ...ref, path: ['content', 0, 'text'], length }))
      return { ...view, state: { ...view.state, queue, blobs: { m2: refs, m3: refs } } }
    }
    const [fits, large] = [withLarge(15 * 1024 * 1024), withLarge(17 * 1024 * 1024)]
    const queued = ['m2 queued', 'm3 queued']
    expect(await walk({}, () => fits)).toEqual([['a', 'm1', 'b', 'c', ...queued]])
    expect(await walk({}, () => large)).toEqual([['a', 'm1', 'b', 'c'], queued])
    expect(await walk({ limit: 3 }, () => large)).toEqual([['a', 'm1', 'b'], ['c'], queued])
    expect(await walk({ order: 'desc' }, () => large)).toEqual([
      [...queued.toReversed(), 'c'],
      ['b', 'm1', 'a'],
    ])
    expect(await walk({ after: 'c' }, () => large)).toEqual([queued])
  })

  test('keeps to types, in the queue too', async () => {
    expect(await ids({ 'types[]': ['user.message'] })).toEqual(['m1', 'm2', 'm3'])
    expect(await walk({ 'types[]': ['agent.message'], limit: 2 }, () => view)).toEqual([['a', 'b'], ['c']])
    expect(await ids({ 'types[]': ['session.error'] })).toEqual([])
  })

  const time = (ms: number): string => new Date(at + ms).toISOString()
  test.each<[EventListQuery, string[]]>([
    [{ 'created_at[gte]': time(1000) }, ['a', 'm1', 'b', 'c']],
    [{ 'created_at[gt]': time(1000) }, ['b', 'c']],
    [{ 'created_at[lt]': time(3000) }, ['a', 'm1']],
    [{ 'created_at[lte]': time(3000) }, ['a', 'm1', 'b']],
    [{ 'created_at[gt]': time(1000), 'created_at[lt]': time(5000) }, ['b']],
    [{ 'created_at[gt]': time(9000) }, []],
  ])('compares %j with the time of processing and leaves the queue out', async (query, expected) => {
    expect(await ids(query)).toEqual(expected)
  })

  const placeless = encodeCursor({ workspaceId: 'default', resource: 'events/sesn_1', order: 'asc' }, '1.99.0')
  const { next_page: second } = await list({ limit: 2 })
  const cursor = second ?? ''
  test.each<{ name: string; query?: EventListQuery; workspace?: string; session?: string }>([
    { name: 'with another order', query: { order: 'desc' } },
    { name: 'whose place the times exclude', query: { 'created_at[gt]': time(1000) } },
    { name: 'of another workspace', workspace: 'other' },
    { name: 'of another session', session: 'sesn_2' },
    { name: 'that was altered', query: { page: `A${cursor.slice(1)}` } },
    { name: 'of a place that is not in the log', query: { page: placeless } },
  ])('refuses a cursor $name', async ({ query = {}, workspace = 'default', session = 'sesn_1' }) => {
    await expect(list({ page: cursor, ...query }, { ...view, session }, workspace)).rejects.toThrow(/page: /)
  })

  test('takes a cursor with another limit and other types', async () => {
    expect(await ids({ page: cursor, limit: 1 })).toEqual(['b'])
    expect(await ids({ page: cursor, 'types[]': ['user.message'] })).toEqual(['m2', 'm3'])
  })

  test('walked over a growing log yields each finished event once, in order', async () => {
    const kinds = fc.array(fc.constantFrom('say', 'queue', 'take', 'hide'), { maxLength: 40 })
    const property = fc.asyncProperty(
      kinds,
      fc.integer({ min: 1, max: 7 }),
      fc.constantFrom('asc', 'desc'),
      fc.array(fc.nat({ max: 12 }), { maxLength: 50 }),
      async (plan, limit, order, growth) => {
        const steps = toSteps(plan)
        let length = growth[0] ?? 0
        const lengths: number[] = []
        const pages = await walk({ limit, order }, () => {
          lengths.push(length)
          const grown = buildView(steps.slice(0, length))
          length += growth[lengths.length] ?? 0
          return grown
        })
        const known = order === 'asc' ? lengths.at(-1) : lengths[0]
        const finished = steps
          .slice(0, known)
          .flatMap((step) => (step.do === 'say' || step.do === 'take' ? [step.id] : []))
        const walked = pages.flat().filter((id) => !id.endsWith('queued'))
        expect(walked).toEqual(order === 'asc' ? finished : finished.toReversed())
      },
    )
    await fc.assert(property, { numRuns: 500 })
    console.log('event list: n = 500 walks over growing logs')
  })
})

/** A log that can be: what takes effect was queued before and has not yet. */
function toSteps(plan: readonly ('say' | 'queue' | 'take' | 'hide')[]): readonly Step[] {
  const queue: string[] = []
  return plan.map((kind, index): Step => {
    const time = at + index
    if (kind === 'hide') return { do: kind, at: time }
    if (kind === 'queue') queue.push(`q${index}`)
    const id = kind === 'take' ? queue.shift() : undefined
    if (kind === 'take') return id === undefined ? { do: 'hide', at: time } : { do: 'take', id, at: time }
    return { do: kind, id: kind === 'queue' ? `q${index}` : `s${index}`, at: time }
  })
}
