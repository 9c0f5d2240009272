import { describe, expect, test } from 'vitest'
import { faultsIn, readTable } from '../support/proofs.ts'

const file = new URL('../../docs/bad-input.csv', import.meta.url)

describe('a row of the table of bad input', () => {
  const rows = readTable(file, ['id', 'what', 'then', 'test', 'note']).map(
    ([id = '', what = '', then = '', proofs = '', note = '']) => ({ id, what, then, proofs, note }),
  )

  test('has an id of its own, and says what happens then', () => {
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
    expect(
      rows.filter(({ id, what, then }) => !/^[A-Z]+-\d{2}$/.test(id) || what === '' || !then.endsWith('.')),
    ).toEqual([])
  })

  test('names tests that are there', () => {
    expect(rows.flatMap(({ id, proofs }) => faultsIn(proofs).map((fault) => `${id}: ${fault}`))).toEqual([])
  })

  test('has a test, or a reason why it has none', () => {
    expect(rows.filter(({ proofs, note }) => proofs === '' && note === '').map(({ id }) => id)).toEqual([])
  })
})
