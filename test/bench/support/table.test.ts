import { describe, expect, test } from 'vitest'
import { toTable } from '../../../bench/support/table.ts'

describe('a table', () => {
  test('pads every column to its widest cell', () => {
    const rows = [
      ['carrier', 'n'],
      ['memo', '1000'],
    ]
    expect(toTable(rows)).toBe(['| carrier | n    |', '| ------- | ---- |', '| memo    | 1000 |'].join('\n'))
  })

  test('fills cells that a row lacks', () => {
    expect(toTable([['one', 'two'], ['1']])).toBe(['| one | two |', '| --- | --- |', '| 1   |     |'].join('\n'))
  })
})
