import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { listEvents } from '../../src/api/event-list.ts'
import type { LogView } from '../../src/history/tracked.ts'
import { encodeCursor } from '../../src/wire/pages.ts'
import type { EventListQuery } from '../../src/wire/types.ts'
import type { Step } from './view-builder.ts'
import { buildView } from './view-builder.ts'

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

function ids(query: EventListQuery, of: LogView = view): string[] {
  return listEvents(of, query, 'default').data.map(({ id }) => id)
}

/** Pages to the end; `next` gives the view that each page is cut from. */
function walk(query: EventListQuery, next: () => LogView): string[][] {
  const pages: string[][] = []
  let page: string | null = null
  do {
    const answer = listEvents(next(), { ...query, ...(page === null ? {} : { page }) }, 'default')
    pages.push(answer.data.map(({ id, processed_at: time }) => (time === null ? `${id} queued` : id)))
    page = answer.next_page
    if (pages.length > STEPS.length + 100) throw new Error('expected the walk to end')
  } while (page !== null)
  return pages
}

describe('the list of events', () => {
  test('is the finished events in log order, then the queue', () => {
    expect(ids({})).toEqual(['a', 'm1', 'b', 'c', 'm2', 'm3'])
    expect(ids({ order: 'desc' })).toEqual(['m3', 'm2', 'c', 'b', 'm1', 'a'])
  })

  test('adds the queue whole to the page that ends the finished ones, or begins with it in descending order', () => {
    expect(walk({ limit: 2 }, () => view)).toEqual([
      ['a', 'm1'],
      ['b', 'c', 'm2 queued', 'm3 queued'],
    ])
    expect(walk({ limit: 3, order: 'desc' }, () => view)).toEqual([['m3 queued', 'm2 queued', 'c', 'b', 'm1'], ['a']])
  })

  test('keeps to types, in the queue too', () => {
    expect(ids({ 'types[]': ['user.message'] })).toEqual(['m1', 'm2', 'm3'])
    expect(walk({ 'types[]': ['agent.message'], limit: 2 }, () => view)).toEqual([['a', 'b'], ['c']])
    expect(ids({ 'types[]': ['session.error'] })).toEqual([])
  })

  const time = (ms: number): string => new Date(at + ms).toISOString()
  test.each<[EventListQuery, string[]]>([
    [{ 'created_at[gte]': time(1000) }, ['a', 'm1', 'b', 'c']],
    [{ 'created_at[gt]': time(1000) }, ['b', 'c']],
    [{ 'created_at[lt]': time(3000) }, ['a', 'm1']],
    [{ 'created_at[lte]': time(3000) }, ['a', 'm1', 'b']],
    [{ 'created_at[gt]': time(1000), 'created_at[lt]': time(5000) }, ['b']],
    [{ 'created_at[gt]': time(9000) }, []],
  ])('compares %j with the time of processing and leaves the queue out', (query, expected) => {
    expect(ids(query)).toEqual(expected)
  })

  const placeless = encodeCursor({ workspaceId: 'default', resource: 'events/sesn_1', order: 'asc' }, '1.99.0')
  const cursor = listEvents(view, { limit: 2 }, 'default').next_page ?? ''
  test.each<{ name: string; query?: EventListQuery; workspace?: string; session?: string }>([
    { name: 'with another order', query: { order: 'desc' } },
    { name: 'whose place the times exclude', query: { 'created_at[gt]': time(1000) } },
    { name: 'of another workspace', workspace: 'other' },
    { name: 'of another session', session: 'sesn_2' },
    { name: 'that was altered', query: { page: `A${cursor.slice(1)}` } },
    { name: 'of a place that is not in the log', query: { page: placeless } },
  ])('refuses a cursor $name', ({ query = {}, workspace = 'default', session = 'sesn_1' }) => {
    expect(() => listEvents({ ...view, session }, { page: cursor, ...query }, workspace)).toThrow(/page: /)
  })

  test('takes a cursor with another limit and other types', () => {
    expect(ids({ page: cursor, limit: 1 })).toEqual(['b'])
    expect(ids({ page: cursor, 'types[]': ['user.message'] })).toEqual(['m2', 'm3'])
  })

  test('walked over a growing log yields each finished event once, in order', () => {
    const kinds = fc.array(fc.constantFrom('say', 'queue', 'take', 'hide'), { maxLength: 40 })
    const property = fc.property(
      kinds,
      fc.integer({ min: 1, max: 7 }),
      fc.constantFrom('asc', 'desc'),
      fc.array(fc.nat({ max: 12 }), { maxLength: 50 }),
      (plan, limit, order, growth) => {
        const steps = toSteps(plan)
        let length = growth[0] ?? 0
        const lengths: number[] = []
        const pages = walk({ limit, order }, () => {
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
    fc.assert(property, { numRuns: 500 })
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
