import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readConformance } from '../support/conformance.ts'
import { faultsIn } from '../support/proofs.ts'

const root = new URL('../../', import.meta.url)

describe('a row of the conformance table', () => {
  const rows = readConformance()

  test('has an id of its own and a sentence', () => {
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
    expect(rows.filter(({ id, behaviour }) => !/^[A-Z]+-\d{3}$/.test(id) || !behaviour.endsWith('.'))).toEqual([])
  })

  test('names tests that are there', () => {
    const faults = rows.flatMap(({ id, test: tests }) => faultsIn(tests).map((fault) => `${id}: ${fault}`))
    expect(faults).toEqual([])
  })

  test('has its line among the divergences when it does not hold, and none when it does', () => {
    const text = readFileSync(new URL('docs/divergences.md', root), 'utf8')
    const named = new Set(text.match(/\b[A-Z]{3,5}-\d{3}\b/g))
    expect([...named].toSorted()).toEqual(
      rows
        .filter(({ state }) => state !== 'green')
        .map(({ id }) => id)
        .toSorted(),
    )
  })

  test('has a test when it holds, and otherwise says what is missing or different', () => {
    const silent = rows.filter(({ state, test: tests, note }) => (state === 'green' ? tests === '' : note === ''))
    expect(silent.map(({ id }) => id)).toEqual([])
  })
})
