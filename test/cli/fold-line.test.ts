import { describe, expect, test } from 'vitest'
import { foldLine } from '../../src/cli/fold-line.ts'

const line = 'agent   Hello there.                  first word after 9 ms'

describe('a line for a terminal', () => {
  test.each([
    ['without a terminal', line, undefined],
    ['that fits', line, line.length],
    ['for a terminal too narrow to help', line, 20],
    ['without a blank to fold at', 'x'.repeat(90), 80],
  ])('stays whole %s', (_when, text, columns) => {
    expect(foldLine(text, columns)).toEqual([text])
  })

  test('is folded between its columns', () => {
    expect(foldLine(line, 50)).toEqual(['agent   Hello there.', '        first word after 9 ms'])
  })

  test('is folded between its parts', () => {
    expect(foldLine('PASS  36 events, 0 lost, 0 doubled · 15.5 s of it', 45)).toEqual([
      'PASS  36 events, 0 lost, 0 doubled',
      '        · 15.5 s of it',
    ])
  })

  test('is folded between words where no column begins late enough', () => {
    expect(foldLine(`you     ${'word '.repeat(12)}end`, 40)).toEqual([
      'you     word word word word word word',
      '        word word word word word word',
      '        end',
    ])
  })
})
