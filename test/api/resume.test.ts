import { describe, expect, test } from 'vitest'
import { itemsBehind, parseLastEventId, unknownPlace } from '../../src/api/resume.ts'
import { buildView } from './view-builder.ts'

const view = buildView([
  { do: 'queue', id: 'm1', at: 1 },
  { do: 'say', id: 'a1', at: 2 },
  { do: 'hide', at: 3 },
  { do: 'take', id: 'm1', at: 4 },
  { do: 'say', id: 'a2', at: 5 },
])
const place = (event: number) => ({ run: 1, event, index: 0 })

describe('a Last-Event-ID', () => {
  test.each([
    [undefined, null],
    ['', null],
    ['1.5.0', { run: 1, event: 5, index: 0 }],
    ['2.17.3', { run: 2, event: 17, index: 3 }],
  ])('%j is %j', (header, position) => {
    expect(parseLastEventId(header)).toEqual(position)
  })

  test.each([
    '1',
    '1.5',
    '1.5.0.0',
    '0.1.0',
    '1.0.0',
    '-1.1.0',
    '01.1.0',
    '1.5.0 ',
    '1e3.1.0',
    'sevt_1',
    '1.9999999999.0',
  ])('that we never send is refused: %j', (header) => {
    expect(() => parseLastEventId(header)).toThrow(
      expect.objectContaining({ kind: 'invalid_request', message: expect.stringMatching(/^last-event-id: expected/) }),
    )
  })

  test('given twice is refused', () => {
    expect(() => parseLastEventId(['1.5.0', '1.6.0'])).toThrow('last-event-id')
  })
})

describe('what stands behind a place', () => {
  test.each([
    [1, ['a1', null, 'm1', 'a2']],
    [2, [null, 'm1', 'a2']],
    [4, ['a2']],
    [5, []],
  ])('is the rest of the log: %i', (event, ids) => {
    expect(itemsBehind(view, place(event))?.map(({ shown }) => shown?.id ?? null)).toEqual(ids)
  })

  test.each([
    ['a private record', place(3)],
    ['the future', place(6)],
    ['another run', { run: 2, event: 1, index: 0 }],
    ['no element', { run: 1, event: 1, index: 1 }],
  ])('is not guessed for %s', (_, position) => {
    expect(itemsBehind(view, position)).toBeNull()
    expect(unknownPlace(position)).toMatchObject({ kind: 'invalid_request', message: expect.stringContaining('list') })
  })
})
