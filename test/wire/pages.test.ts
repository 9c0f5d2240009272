import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ApiError } from '../../src/wire/errors.ts'
import {
  decodeCursor,
  encodeCursor,
  toBidirectionalPage,
  toModelPage,
  toOnlyPage,
  toPage,
} from '../../src/wire/pages.ts'
import type { CursorScope } from '../../src/wire/pages.ts'
import type { ModelInfo } from '../../src/wire/types.ts'

const SCOPE: CursorScope = { workspaceId: 'default', resource: 'sessions', order: 'desc' }

type Position = readonly string[]

function isPosition(value: unknown): value is Position {
  return Array.isArray(value) && value.every((part) => typeof part === 'string')
}

function read(scope: CursorScope, cursor: string): Position {
  return decodeCursor(scope, cursor, isPosition)
}

describe('a cursor', () => {
  test('gives its position back', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constantFrom('é🙂', '\u2028', '\0', '')), { maxLength: 4 }),
        (position) => {
          expect(read(SCOPE, encodeCursor(SCOPE, position))).toEqual(position)
        },
      ),
    )
  })

  test('is plain text for a query', () => {
    expect(encodeCursor(SCOPE, ['2026-11-21T00:00:00Z', 'sesn_1'])).toMatch(/^[\w-]+$/)
  })

  test('is refused when any character was altered, added or taken away', () => {
    const cursor = encodeCursor(SCOPE, ['2026-11-21T00:00:00Z', 'sesn_1'])
    const index = fc.nat({ max: cursor.length - 1 })
    const character = fc.constantFrom(
      ...Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ .é'),
    )
    fc.assert(
      fc.property(index, character, (at, other) => {
        fc.pre(cursor[at] !== other)
        const altered = cursor.slice(0, at) + other + cursor.slice(at + 1)
        const longer = cursor.slice(0, at) + other + cursor.slice(at)
        const shorter = cursor.slice(0, at) + cursor.slice(at + 1)
        for (const wrong of [altered, longer, shorter]) expect(() => read(SCOPE, wrong)).toThrow(ApiError)
      }),
      { numRuns: 500 },
    )
  })

  test.each<[string, Partial<CursorScope>]>([
    ['workspace', { workspaceId: 'other' }],
    ['list', { resource: 'agents' }],
    ['order', { order: 'asc' }],
    ['extra', { extra: 'archived' }],
  ])('is refused under another %s', (_, change) => {
    expect(() => read({ ...SCOPE, ...change }, encodeCursor(SCOPE, ['a']))).toThrow(/^page: /)
  })

  test.each([
    ['nothing', ''],
    ['noise', 'xyz'],
    ['a megabyte', 'A'.repeat(1 << 20)],
    ['a tag alone', Buffer.alloc(16).toString('base64url')],
  ])('is refused when it is %s', (_, cursor) => {
    expect(() => read(SCOPE, cursor)).toThrow(ApiError)
  })

  test('is refused when it holds no such position', () => {
    expect(() => read(SCOPE, encodeCursor(SCOPE, { a: 1 }))).toThrow(ApiError)
  })

  test('is refused when somebody who knows the scheme tags what is no JSON', () => {
    const key = JSON.stringify(['default', 'sessions', 'desc', null])
    const tag = createHash('sha256').update(`${key}\nnot json`).digest().subarray(0, 16)
    const forged = Buffer.concat([tag, Buffer.from('not json')]).toString('base64url')
    expect(() => read(SCOPE, forged)).toThrow(ApiError)
  })
})

const after = (item: number) => `after ${item}`
const before = (item: number) => `before ${item}`

describe('toPage', () => {
  test.each([
    [[], { data: [], next_page: null }],
    [[1, 2], { data: [1, 2], next_page: null }],
    [[1, 2, 3], { data: [1, 2], next_page: 'after 2' }],
  ])('cuts %j to pages of two', (rows, page) => {
    expect(toPage({ rows, limit: 2, cursorAfter: after })).toEqual(page)
  })
})

describe('toBidirectionalPage', () => {
  test.each([
    ['the only page', [1, 2], false, false, { data: [1, 2], next_page: null, prev_page: null }],
    ['the first page', [1, 2, 3], false, false, { data: [1, 2], next_page: 'after 2', prev_page: null }],
    ['a middle page', [3, 4, 5], true, false, { data: [3, 4], next_page: 'after 4', prev_page: 'before 3' }],
    ['the last page', [5], true, false, { data: [5], next_page: null, prev_page: 'before 5' }],
    ['a page behind the end', [], true, false, { data: [], next_page: null, prev_page: null }],
    ['a page read backwards', [1, 2, 3], true, true, { data: [2, 3], next_page: 'after 3', prev_page: 'before 2' }],
    ['the first page read backwards', [1, 2], true, true, { data: [1, 2], next_page: 'after 2', prev_page: null }],
  ])('shapes %s', (_, rows, hasCursor, isBackward, page) => {
    const shape = { rows, limit: 2, hasCursor, isBackward, cursorAfter: after, cursorBefore: before }
    expect(toBidirectionalPage(shape)).toEqual(page)
  })
})

function model(id: string, lifecycle: ModelInfo['lifecycle'] = 'active'): ModelInfo {
  return {
    id,
    type: 'model',
    display_name: id,
    created_at: '2026-01-01T00:00:00Z',
    lifecycle,
    line: null,
    allowed_fallback_models: null,
    capabilities: null,
    deprecated_at: null,
    retires_at: null,
    max_input_tokens: null,
    max_tokens: null,
  }
}

describe('toOnlyPage', () => {
  test.each([undefined, null, ''])('answers the whole list to the cursor %j', (cursor) => {
    expect(toOnlyPage(['a'], cursor)).toEqual({ data: ['a'], next_page: null })
  })

  test('refuses every cursor, one of another list too', () => {
    for (const cursor of ['x', encodeCursor(SCOPE, ['a'])]) expect(() => toOnlyPage(['a'], cursor)).toThrow(/^page: /)
  })
})

describe('toModelPage', () => {
  const models = ['a', 'b', 'c', 'd'].map((id) => model(id))

  test.each([
    [{}, 'abc', true],
    [{ limit: 4 }, 'abcd', false],
    [{ after_id: 'a', limit: 2 }, 'bc', true],
    [{ after_id: 'b' }, 'cd', false],
    [{ before_id: 'd', limit: 2 }, 'bc', true],
    [{ before_id: 'c' }, 'ab', false],
  ])('cuts %j', (query, ids, hasMore) => {
    const page = toModelPage(models, query, 3)
    expect(page.data.map(({ id }) => id).join('')).toBe(ids)
    expect(page).toMatchObject({ has_more: hasMore, first_id: ids[0], last_id: ids.at(-1) })
  })

  test('answers an end without ids', () => {
    expect(toModelPage(models, { after_id: 'd' }, 3)).toEqual({
      data: [],
      has_more: false,
      first_id: null,
      last_id: null,
    })
  })

  const staged = [model('a'), model('b', 'retired'), model('c', 'deprecated'), model('d')]
  test.each<[Parameters<typeof toModelPage>[1], string, boolean]>([
    [{}, 'acd', false],
    [{ 'lifecycle[]': ['retired'] }, 'b', false],
    [{ 'lifecycle[]': ['active', 'retired'] }, 'abd', false],
    [{ 'lifecycle[]': [] }, '', false],
    [{ limit: 2 }, 'ac', true],
    [{ after_id: 'b', limit: 1 }, 'c', true],
    [{ before_id: 'b' }, 'a', false],
    [{ 'lifecycle[]': ['deprecated'], after_id: 'a', limit: 1 }, 'c', false],
  ])('keeps to the stages that are asked for, or to models that can be called: %j', (query, ids, hasMore) => {
    const page = toModelPage(staged, query, 3)
    expect(page.data.map(({ id }) => id).join('')).toBe(ids)
    expect(page.has_more).toBe(hasMore)
  })

  test('shows models whose back end knows no stages as active ones', () => {
    const { lifecycle: _, ...bare } = model('a')
    // A cast because the type is the newest API's, and not every back end is of it.
    const unstaged = [bare as ModelInfo]
    expect(toModelPage(unstaged, {}, 3).data).toEqual(unstaged)
    expect(toModelPage(unstaged, { 'lifecycle[]': ['retired'] }, 3).data).toEqual([])
  })

  test.each([{ after_id: 'x' }, { before_id: 'x' }])('refuses %j, which is no model', (query) => {
    expect(() => toModelPage(models, query, 3)).toThrow(ApiError)
  })
})
