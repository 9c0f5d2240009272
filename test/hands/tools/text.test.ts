import { describe, expect, test } from 'vitest'
import { cut, stripTerminalCodes, toPieces, toText } from '../../../src/hands/tools/text.ts'

describe('text of an output', () => {
  test.each([
    [[0x61, 0x00, 0x62], 'a\u{FFFD}b'],
    [[0xff, 0x61, 0xc3], '\u{FFFD}a\u{FFFD}'],
    [[0xef, 0xbb, 0xbf, 0x61], '\u{FEFF}a'],
    [[0xc3, 0xbc, 0xf0, 0x9f, 0x99, 0x82], 'ü🙂'],
    [[0xed, 0xa0, 0x80], '\u{FFFD}\u{FFFD}\u{FFFD}'],
    [[], ''],
  ])('of %j is storable', (bytes, text) => {
    expect(toText(Uint8Array.from(bytes))).toBe(text)
  })

  test.each([
    ['\u001B[31mred\u001B[0m', 'red'],
    ['\u001B[2K\u001B[1;32mok\u001B[39;49m', 'ok'],
    ['\u001B]0;title\u0007text', 'text'],
    ['\u001B]8;;http://x\u001B\\link\u001B]8;;\u001B\\', 'link'],
    ['a[31m stays', 'a[31m stays'],
  ])('%j has no terminal codes', (raw, text) => {
    expect(stripTerminalCodes(raw)).toBe(text)
  })

  test.each([
    ['ü', 1],
    ['€', 1],
    ['€', 2],
    ['🙂', 1],
    ['🙂', 2],
    ['🙂', 3],
  ])('cut inside %s after byte %i shows no bad bytes', (char, at) => {
    const bytes = Buffer.from(char)
    const output = Buffer.concat([Buffer.from('head'), bytes.subarray(0, at), bytes.subarray(at), Buffer.from('tail')])
    expect(toPieces({ output, truncated: { at: 4 + at, bytes: 1 } })).toEqual(['head', 'tail'])
  })

  test('cut between characters loses none', () => {
    expect(toPieces({ output: Buffer.from('aüüb'), truncated: { at: 3, bytes: 1 } })).toEqual(['aü', 'üb'])
  })

  test('cut in bytes that are no text still shows that they were there', () => {
    const output = Uint8Array.from([0x61, 0xff, 0xff, 0x62])
    expect(toPieces({ output, truncated: { at: 2, bytes: 1 } })[1]).toMatch(/\u{FFFD}b$/u)
  })

  test('that is whole is one piece', () => {
    expect(toPieces({ output: Buffer.from('all'), truncated: null })).toEqual(['all'])
  })
})

describe('cut', () => {
  test.each([
    ['abc', 2, 'ab'],
    ['abc', -2, 'bc'],
    ['abc', 9, 'abc'],
    ['abc', -9, 'abc'],
    ['', 2, ''],
    ['🙂🙂🙂', 2, '🙂🙂'],
    ['🙂🙂🙂', -2, '🙂🙂'],
    ['a🙂b', 2, 'a🙂'],
    ['a🙂b', -2, '🙂b'],
    ['aa🙂b', -3, 'a🙂b'],
    ['🙂aaa', -3, 'aaa'],
  ])('of %j, %i characters, is %j', (text, count, piece) => {
    expect(cut(text, count)).toBe(piece)
  })
})
