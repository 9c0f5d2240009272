import { describe, expect, test } from 'vitest'
import { toExpiry, toFilename, toMediaType } from '../../src/wire/files.ts'

describe('the name of a file', () => {
  test.each([
    ['a.txt', 'a.txt'],
    ['dir/sub/a.txt', 'a.txt'],
    ['C:\\dir\\a.txt', 'a.txt'],
    ['../../etc/passwd', 'passwd'],
    ['.bashrc', '.bashrc'],
    ['naïve 语 😀.png', 'naïve 语 😀.png'],
    ['a..b', 'a..b'],
    ['😀'.repeat(255), '😀'.repeat(255)],
  ])('of %j is %j', (given, name) => {
    expect(toFilename(given, null)).toBe(name)
  })

  test.each([
    [null, null, 'unnamed'],
    ['', 'image/png', 'unnamed.png'],
    ['', 'image/jpeg', 'unnamed.jpg'],
    ['dir/', 'text/plain; charset=utf-8', 'unnamed.txt'],
    [null, 'application/x-nobody', 'unnamed'],
  ])('of %j with the type %j is %j', (given, type, name) => {
    expect(toFilename(given, type)).toBe(name)
  })

  test.each(['a<b', 'a>b', 'a:b', 'a"b', 'a|b', 'a?b', 'a*b', 'a\0b', 'a\nb', 'a\x7fb', '.', '..', 'x/..'])(
    'cannot be %j',
    (given) => {
      expect(() => toFilename(given, null)).toThrow(
        'file: expected a name without < > : " | ? * and control characters',
      )
    },
  )

  test('cannot have 256 characters', () => {
    expect(() => toFilename('a'.repeat(256), null)).toThrow('expected a name of at most 255 characters, got 256')
  })
})

describe('the media type of a file', () => {
  test.each([
    ['image/png', 'a.txt', 'image/png'],
    ['Text/Plain; charset=utf-8', 'a', 'text/plain'],
    ['application/vnd.a+json', 'a', 'application/vnd.a+json'],
    ['application/octet-stream', 'a.PNG', 'image/png'],
    [null, 'a.pdf', 'application/pdf'],
    [null, 'a.tar.gz', 'application/octet-stream'],
    [null, 'png', 'application/octet-stream'],
  ])('that says %j of %j is %j', (declared, name, type) => {
    expect(toMediaType(declared, name)).toBe(type)
  })

  test.each(['', 'png', 'image/', '/png', 'a/b/c', 'a b/c', 'text/plain\0', `a/${'b'.repeat(128)}`])(
    'cannot be %j',
    (declared) => {
      expect(() => toMediaType(declared, 'a')).toThrow('file: expected a content type like text/plain, got ')
    },
  )
})

describe('the time until a file expires', () => {
  test.each(['3600', '7776000', '86400'])('can be %s seconds', (text) => {
    expect(toExpiry(text)).toBe(Number(text))
  })

  test.each(['3599', '7776001', '', '-1', '1e4', '3600.5', 'NaN', ' 3600', '99999999999999999999'])(
    'cannot be %j',
    (text) => {
      expect(() => toExpiry(text)).toThrow('expires_in_seconds: expected whole seconds from 3600 to 7776000, got ')
    },
  )
})
