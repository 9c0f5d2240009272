import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readConformance } from '../support/conformance.ts'

const root = new URL('../../', import.meta.url)

/** What is wrong with where a row says its proof is: no such file, or no such words in it. */
function faultsIn(proof: string): string[] {
  const [file = '', ...titles] = proof.split(' > ')
  const place = new URL(file, root)
  if (!/^test\/[\w./-]+\.ts$/.test(file) || !existsSync(place)) return [`no file ${file}`]
  const text = readFileSync(place, 'utf8').replaceAll("\\'", "'")
  return titles.filter((title) => !text.includes(title)).map((title) => `${file} has no ${title}`)
}

describe('a row of the conformance table', () => {
  const rows = readConformance()

  test('has an id of its own and a sentence', () => {
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
    expect(rows.filter(({ id, behaviour }) => !/^[A-Z]+-\d{3}$/.test(id) || !behaviour.endsWith('.'))).toEqual([])
  })

  test('names tests that are there', () => {
    const faults = rows.flatMap(({ id, test: tests }) =>
      tests
        .split(' ; ')
        .filter(Boolean)
        .flatMap(faultsIn)
        .map((fault) => `${id}: ${fault}`),
    )
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
