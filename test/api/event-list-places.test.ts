import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { listEvents } from '../../src/api/event-list.ts'
import type { EventListQuery } from '../../src/wire/types.ts'
import { encodeCursor } from '../../src/wire/pages.ts'
import { NOON, SESSION, decided, ended } from '../support/history-builders.ts'
import { createPartStores } from './part-stores.ts'
import { createMemoryArchive } from '../support/memory-archive.ts'
import { archiveRuns, cutLogs, holdRuns, resetRun, runsOf, toAtoms, wholeLog } from '../support/run-builders.ts'
import { openLog } from '../support/session-log-builders.ts'

const WORDS = ['answer', 'retry', 'answer', 'pair', 'mark', 'answer', 'confirm', 'answer', 'message'] as const
/** What clients see, in order: e1 … e8 finished by position, q waits. */
const [e1, e2, e3, e4, e5, e6, e7, e8, e9, e10] = [
  'answer0-text',
  'answer0-end',
  'answer2-text',
  'answer2-end',
  'y-pair3',
  'pair3',
  'answer5-text',
  'answer5-end',
  'confirm6',
  'answer7-text',
] as const
const END = 'answer7-end'
const QUEUED = 'message8'
const FINISHED = [e1, e2, e3, e4, e5, e6, e7, e8, e9, e10, END]

/** The same log in two runs, of which the first is in the archive alone. */
async function scene() {
  const atoms = toAtoms(WORDS)
  const runs = runsOf([atoms.slice(0, 4), atoms.slice(4)])
  const archive = createMemoryArchive()
  await archiveRuns(archive, runs, [1])
  const { source, log } = openLog({ archive })
  holdRuns(source, runs, [1])
  const view = await log.read(SESSION)
  const list = (query: EventListQuery) =>
    listEvents(log, view, { query, workspaceId: 'default', stores: createPartStores() })
  const ids = async (query: EventListQuery): Promise<string[]> => (await list(query)).data.map(({ id }) => id)
  return { list, ids }
}

describe('a list that keeps to a side of an event', () => {
  test.each<[string, EventListQuery, readonly string[]]>([
    ['after one', { after: e4 }, [...FINISHED.slice(4), QUEUED]],
    ['after one, newest first', { after: e9, order: 'desc' }, [QUEUED, END, e10]],
    ['before one', { before: e4 }, [e1, e2, e3]],
    ['before one, newest first', { before: e4, order: 'desc' }, [e3, e2, e1]],
    ['between two', { after: e3, before: e7 }, [e4, e5, e6]],
    ['between two, newest first', { after: e3, before: e7, order: 'desc' }, [e6, e5, e4]],
    ['between two that stand the other way round', { after: e7, before: e3 }, []],
    ['after itself and before', { after: e3, before: e3 }, []],
    ['after the last', { after: END }, [QUEUED]],
    ['before the first', { before: e1 }, []],
    ['after one, of a type', { after: e2, 'types[]': ['agent.message'] }, [e3, e7, e10]],
    ['after one, of the queue’s type', { after: e2, 'types[]': ['user.message'] }, [e6, QUEUED]],
    ['after one, in time', { after: e2, 'created_at[lte]': new Date(NOON + 8000).toISOString() }, [e3, e4, e5]],
  ])('%s', async (_, query, expected) => {
    const { ids } = await scene()
    expect(await ids(query)).toEqual(expected)
  })

  test.each<[EventListQuery, readonly (readonly string[])[]]>([
    [{ after: e2, before: e8, limit: 2 }, [[e3, e4], [e5, e6], [e7]]],
    [{ after: e2, before: e8, limit: 2, order: 'desc' }, [[e7, e6], [e5, e4], [e3]]],
    [{ before: e4, limit: 3 }, [[e1, e2, e3]]],
    [{ after: e9, limit: 1 }, [[e10], [END, QUEUED]]],
  ])('pages within it: %j', async (query, expected) => {
    const { list } = await scene()
    const pages: string[][] = []
    for (let page: string | null | undefined; page !== null;) {
      const answer: Awaited<ReturnType<typeof list>> = await list({ ...query, ...(page ? { page } : {}) })
      pages.push(answer.data.map(({ id }) => id))
      page = answer.next_page
    }
    expect(pages).toEqual(expected)
  })
})

describe('a list around an event', () => {
  test.each<[string, EventListQuery, readonly string[], boolean]>([
    ['has it in the middle', { around: e6, limit: 5 }, [e4, e5, e6, e7, e8], true],
    ['has one more behind it when the page is even', { around: e6, limit: 4 }, [e5, e6, e7, e8], true],
    ['has it in the middle, newest first', { around: e6, limit: 5, order: 'desc' }, [e8, e7, e6, e5, e4], true],
    ['is it alone', { around: e6, limit: 1 }, [e6], true],
    ['is it alone, newest first', { around: e6, limit: 1, order: 'desc' }, [e6], true],
    ['begins with the first', { around: e1, limit: 3 }, [e1, e2, e3], true],
    ['begins with the first near it', { around: e2, limit: 5 }, [e1, e2, e3, e4, e5], true],
    ['ends with the queue', { around: END, limit: 5 }, [e9, e10, END, QUEUED], false],
    ['begins with the last, newest first', { around: END, limit: 3, order: 'desc' }, [END, e10, e9], true],
    ['ends with the first, newest first', { around: e1, limit: 3, order: 'desc' }, [e2, e1], false],
    ['is all when all fits', { around: e4 }, [...FINISHED, QUEUED], false],
    ['keeps to types', { around: e6, limit: 3, 'types[]': ['agent.message'] }, [e3, e7, e10], false],
  ])('%s', async (_, query, expected, isMore) => {
    const { list } = await scene()
    const { data, next_page: next } = await list(query)
    expect(data.map(({ id }) => id)).toEqual(expected)
    expect(next !== null).toBe(isMore)
  })

  test('goes on page by page with what is behind it, whether it is named again or not', async () => {
    const { list } = await scene()
    const { next_page: next } = await list({ around: e4, limit: 3 })
    for (const query of [{}, { around: e4 }]) {
      const { data } = await list({ ...query, limit: 3, page: next ?? '' })
      expect(data.map(({ id }) => id)).toEqual([e6, e7, e8])
    }
  })
})

describe('a list by an event is refused', () => {
  test.each<[string, EventListQuery, string]>([
    ['around and after', { around: e1, after: e2 }, 'around: '],
    ['around and before', { around: e1, before: e2 }, 'around: '],
    ['after one that is not there', { after: 'sevt_none' }, 'after: this session has no finished event sevt_none'],
    ['before one that is not there', { before: 'sevt_none' }, 'before: this session has no finished event sevt_none'],
    ['around one that is not there', { around: 'sevt_none' }, 'around: this session has no finished event sevt_none'],
    ['after one that waits', { after: QUEUED }, 'after: '],
  ])('%s', async (_, query, message) => {
    const { list } = await scene()
    await expect(list(query)).rejects.toThrow(message)
  })

  test.each<[string, EventListQuery, EventListQuery, string]>([
    ['after', {}, { after: e5 }, 'page: the cursor lies outside of what `after` leaves'],
    [
      'before',
      { order: 'desc' },
      { before: e6, order: 'desc' },
      'page: the cursor lies outside of what `before` leaves',
    ],
  ])('with a cursor that %s leaves out', async (_, query, change, message) => {
    const { list } = await scene()
    const { next_page: next } = await list({ ...query, limit: 3 })
    await expect(list({ ...change, page: next ?? '' })).rejects.toThrow(message)
  })
})

describe('a list that was begun before a reset', () => {
  const [run = []] = runsOf([toAtoms(['plain', 'plain', 'plain', 'plain'])])
  const again = decided({ type: 'session.status_running', id: 'again' })

  test.each<[EventListQuery, readonly string[]]>([
    [{ limit: 3 }, ['plain0', 'plain1', 'plain2', 'again']],
    [{ limit: 2, order: 'desc' }, ['plain3', 'plain2', 'plain0']],
    [{ limit: 3, 'created_at[gte]': new Date(NOON).toISOString() }, ['plain0', 'plain1', 'plain2', 'again']],
  ])('goes on behind what was given up with what came in its stead: %j', async (query, expected) => {
    const { source, log } = openLog()
    source.put('run-1', run)
    const list = async (page?: string | null) => {
      const asked = { ...query, ...(page ? { page } : {}) }
      const view = await log.read(SESSION)
      return listEvents(log, view, { query: asked, workspaceId: 'default', stores: createPartStores() })
    }
    const { data, next_page: page } = await list()
    source.put('run-1', [...run, { eventId: 6, at: NOON + 50_000, ...ended('reset') }])
    source.put('x', resetRun(run, { upTo: 2, id: 'x', at: NOON + 60_000, more: [again] }))
    const rest = await list(page)
    expect([...data, ...rest.data].map(({ id }) => id)).toEqual(expected)
    expect(rest.next_page).toBeNull()
  })

  test('is refused a cursor that no list has given', async () => {
    const { source, log } = openLog()
    source.put('x', resetRun(run, { upTo: 2, id: 'x', at: NOON + 60_000, more: [again] }))
    const scope = { workspaceId: 'default', resource: `events/${SESSION}`, order: 'asc' } as const
    const query: EventListQuery = { page: encodeCursor(scope, '999999999.1.0') }
    const asked = { query, workspaceId: 'default', stores: createPartStores() }
    await expect(listEvents(log, await log.read(SESSION), asked)).rejects.toThrow('page: expected a cursor')
  })
})

describe('any list', () => {
  test('is the same however the log is cut and wherever its runs are kept', async () => {
    const property = fc.asyncProperty(
      cutLogs,
      fc.record({
        order: fc.constantFrom('asc' as const, 'desc' as const),
        limit: fc.integer({ min: 1, max: 9 }),
        after: fc.option(fc.nat()),
        before: fc.option(fc.nat()),
        onlyMessages: fc.boolean(),
      }),
      fc.func(fc.boolean()),
      async (chapters, { order, limit, after, before, onlyMessages }, isKept) => {
        const runs = runsOf(chapters)
        const closed = runs.slice(0, -1).flatMap((_, index) => (isKept(index) ? [index + 1] : []))
        const archive = createMemoryArchive()
        await archiveRuns(archive, runs, closed)
        const { source, log } = openLog({ archive })
        holdRuns(source, runs, closed)
        const view = await log.read(SESSION)

        const shown = wholeLog(runs).flatMap((item) => (item.finished && item.shown ? [item.shown] : []))
        const [from, to] = [after, before].map((n) => (n === null || shown.length === 0 ? null : n % shown.length))
        const inside = shown
          .slice((from ?? -1) + 1, to ?? shown.length)
          .filter(({ type }) => !onlyMessages || type === 'user.message')
        const waiting = to === null ? view.state.queue.map(({ id }) => id) : []
        const expected = [...inside.map(({ id }) => id), ...waiting]

        const query: EventListQuery = {
          order,
          limit,
          ...(from === null ? {} : { after: shown[from ?? 0]?.id ?? '' }),
          ...(to === null ? {} : { before: shown[to ?? 0]?.id ?? '' }),
          ...(onlyMessages ? { 'types[]': ['user.message'] } : {}),
        }
        const walked: string[] = []
        for (let page: string | null | undefined; page !== null;) {
          const cursor: EventListQuery = page ? { page } : {}
          const asked = { query: { ...query, ...cursor }, workspaceId: 'default', stores: createPartStores() }
          const answer = await listEvents(log, view, asked)
          walked.push(...answer.data.map(({ id }) => id))
          page = answer.next_page
        }
        expect(walked).toEqual(order === 'asc' ? expected : expected.toReversed())
      },
    )
    await fc.assert(property, { numRuns: 150 })
    console.log('event list: n = 150 walks over logs of several runs')
  })
})
