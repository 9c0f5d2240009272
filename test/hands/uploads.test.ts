import { describe, expect, test } from 'vitest'
import { CargoRefused } from '../../src/hands/cargo.ts'
import { below, parseNotes, toNoteLine, toUploadNote } from '../../src/hands/uploads.ts'

const root = '/mnt/session/uploads/'
const sha256 = 'a'.repeat(64)

describe('an upload’s path', () => {
  test.each(['a', 'a/b', '-rf', '"; x', '\u202Ex', 'a\u2028b', '.hidden', '...', 'x'.repeat(255)])(
    'may be %j',
    (rest) => {
      expect(toUploadNote(`${root}${rest}`).rest).toBe(rest)
    },
  )

  test.each([
    '',
    '.',
    '..',
    'a/',
    '/a',
    'a//b',
    'a/./b',
    'a/../b',
    'a\nb',
    'a\0b',
    'x'.repeat(256),
    'x/'.repeat(2_100),
  ])('may not be %j', (rest) => {
    expect(() => toUploadNote(`${root}${rest}`)).toThrow(CargoRefused)
  })

  test.each(['/mnt/session/uploads', '/mnt/session/outputs/x', '/etc/passwd', 'x', ''])('is not %j', (path) => {
    expect(() => toUploadNote(path)).toThrow(CargoRefused)
  })

  test('of an output may have line breaks', () => {
    expect(below('/o/', '/o/a\nb')).toBe('a\nb')
  })
})

describe('the notes of uploads', () => {
  test('are read as they were written, in the order of their paths', () => {
    const notes = ['b c', 'a/ü', 'c\u2028d\u2029e'].map((rest) => toUploadNote(`${root}${rest}`))
    const lines = notes.map((note) => toNoteLine(note, sha256)).join('')
    expect(parseNotes(lines)).toEqual([
      { path: `${root}a/ü`, sha256 },
      { path: `${root}b c`, sha256 },
      { path: `${root}c\u2028d\u2029e`, sha256 },
    ])
  })

  test('have names that no two paths share', () => {
    const names = ['a/b', 'a_b', 'a'].map((rest) => toUploadNote(`${root}${rest}`).name)
    expect(new Set(names).size).toBe(3)
  })

  test('leave out what is none', () => {
    expect(parseNotes(`${sha256} \nnothing\n`)).toEqual([])
  })
})
