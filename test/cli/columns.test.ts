import { describe, expect, test } from 'vitest'
import { toColumns } from '../../src/cli/columns.ts'

describe('toColumns', () => {
  test('pads every column but the last to its widest cell', () => {
    const rows = [
      ['A', 'LONG', 'Z'],
      ['abc', 'b', 'a longer end'],
      ['', '', ''],
    ]
    expect(toColumns(rows)).toEqual(['A    LONG  Z', 'abc  b     a longer end', '           '])
  })

  test('makes no lines of no rows', () => {
    expect(toColumns([])).toEqual([])
  })
})
