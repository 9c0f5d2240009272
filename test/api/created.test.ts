import { describe, expect, test } from 'vitest'
import { createdAtRange, demandWithin, fromCreated, isCreatedPosition, isWithin } from '../../src/api/created.ts'

const noon = '2026-03-01T12:00:00.000Z'
const at = Date.parse(noon)

describe('a position by creation', () => {
  test.each<[unknown, boolean]>([
    [[noon, 'a'], true],
    [[noon], false],
    [[noon, 'a', 'b'], false],
    [['soon', 'a'], false],
    [[at, 'a'], false],
    [[noon, 7], false],
    [{ 0: noon, 1: 'a', length: 2 }, false],
    [null, false],
  ])('%j: %s', (value, expected) => {
    expect(isCreatedPosition(value)).toBe(expected)
  })

  test('names the moment and the id', () => {
    expect(fromCreated([noon, 'a'])).toEqual({ createdAt: new Date(at), id: 'a' })
  })
})

describe('a range of creation times', () => {
  test('has the bounds that the query names', () => {
    expect(createdAtRange({})).toEqual({})
    expect(createdAtRange({ 'created_at[gt]': noon, 'created_at[lte]': noon })).toEqual({
      gt: new Date(at),
      lte: new Date(at),
    })
  })

  const bound = new Date(at)
  test.each([
    { range: {}, inside: [at - 1, at, at + 1], outside: [] },
    { range: { gt: bound }, inside: [at + 1], outside: [at - 1, at] },
    { range: { gte: bound }, inside: [at, at + 1], outside: [at - 1] },
    { range: { lt: bound }, inside: [at - 1], outside: [at, at + 1] },
    { range: { lte: bound }, inside: [at - 1, at], outside: [at + 1] },
    { range: { gte: bound, lte: bound }, inside: [at], outside: [at - 1, at + 1] },
  ])('$range tells inside from outside', ({ range, inside, outside }) => {
    expect(inside.map((time) => isWithin(range, time))).toEqual(inside.map(() => true))
    expect(outside.map((time) => isWithin(range, time))).toEqual(outside.map(() => false))
    for (const time of inside) expect(() => demandWithin(range, time)).not.toThrow()
    for (const time of outside) expect(() => demandWithin(range, time)).toThrow(/created_at/)
  })
})
