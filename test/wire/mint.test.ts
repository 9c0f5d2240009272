import { describe, expect, test } from 'vitest'
import { formatId, isId } from '../../src/wire/ids.ts'
import { mintId } from '../../src/wire/mint.ts'

describe('mintId', () => {
  test('makes ids of the prefix, never one twice', () => {
    const ids = Array.from({ length: 5_000 }, () => mintId('sevt'))
    expect(ids.every((id) => isId('sevt', id))).toBe(true)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('carries the present second', () => {
    const earliest = formatId('req', Math.floor(Date.now() / 1000), new Uint8Array(12))
    const id = mintId('req')
    const latest = formatId('req', Math.floor(Date.now() / 1000), new Uint8Array(12).fill(255))
    expect(id >= earliest && id <= latest).toBe(true)
  })
})
