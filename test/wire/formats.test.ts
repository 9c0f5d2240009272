import { describe, expect, test } from 'vitest'
import { FORMATS } from '../../src/wire/formats.ts'

const GOOD: Record<string, string[]> = {
  timestamp: [
    '2026-10-21T08:00:00Z',
    '2026-10-21t08:00:00z',
    '2026-10-21 08:00:00+02:00',
    '2026-10-21T08:00:00.123456789-11:30',
    '2028-02-29T00:00:00Z',
  ],
  'http-url': ['https://example.com', 'http://127.0.0.1:8080/mcp?x=1', 'HTTPS://Example.com/a%20b', 'http://[::1]/'],
  'https-url': ['https://example.com', 'HTTPS://Example.com/a.png?x=1'],
  domain: ['docs.example.com', 'example.com/', 'xn--e1afmkfd.xn--p1ai', 'a-b.c0'],
  'domain-path': ['docs.example.com', 'docs.example.com/a/b', 'example.com/'],
  'host-pattern': ['example.com', '*.example.com', 'EXAMPLE.com', 'a.b.c.example.com.evil.com'],
  'time-zone': ['Europe/Paris', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5', 'US/Pacific', 'Asia/Kolkata', 'UTC'],
  'repository-url': [
    'https://github.com/octo/repo',
    'https://github.com/o-1/a.b_c-d',
    'http://127.0.0.1:3000/o/r',
    `https://github.com/${'o'.repeat(39)}/${'r'.repeat(100)}`,
  ],
  secret: ['x', 'ghp_0123', '~!"', 'x'.repeat(4096)],
  branch: ['main', 'feature/a.b', 'ü', 'a@b', '@a', 'x'.repeat(255)],
  commit: ['0'.repeat(40), 'abcdefABCDEF0123456789'.padEnd(64, '0')],
  base64: ['', 'QQ==', 'QUI=', 'QUJD', '+/+/'],
}

const BAD: Record<string, string[]> = {
  timestamp: [
    '',
    'now',
    '2026-10-21',
    '2026-10-21T08:00:00',
    '2026-13-01T00:00:00Z',
    '2026-02-29T00:00:00Z',
    '2026-02-31T00:00:00Z',
    '2026-10-21T25:00:00Z',
    '2026-10-21T08:00:00 02:00',
    '1761033600',
    '+275760-09-13T00:00:00Z',
  ],
  'http-url': [
    '',
    'example.com',
    'ftp://example.com',
    'file:///etc/passwd',
    'data:text/plain,hi',
    'gopher://example.com',
    'https://user:secret@example.com',
    'https://user@example.com',
    'https://',
    'https://a b',
    'http://example.com/\n',
  ],
  'https-url': ['', 'http://example.com', 'file:///etc/passwd', 'https://user:secret@example.com', 'https://a b'],
  domain: [
    '',
    'localhost',
    'com',
    '.example.com',
    'example..com',
    '*.example.com',
    'https://example.com',
    'example.com:80',
    'example.com/a',
    '127.0.0.1',
    '127.1',
    '0x7f000001',
    '[::ffff:127.0.0.1]',
    'printer.local',
    'db.internal',
    'exämple.com',
    '-a.com',
    `${'a'.repeat(64)}.com`,
  ],
  'domain-path': ['/a', 'localhost/a', 'example.com/a b', 'example.com/?q', 'example.com/a#b', 'example.com/a|b'],
  'host-pattern': [
    '*',
    '*.',
    '*.com',
    '.example.com',
    'a.*.com',
    'example.com:443',
    'https://example.com',
    '127.1',
    'example.com/',
  ],
  'time-zone': ['', ' ', 'Europe', 'Mars/Olympus', '+01:00', 'Europe/Paris ', '../etc/passwd', 'Europe/Paris\n'],
  'repository-url': [
    '',
    'https://github.com/o/r.git',
    'https://github.com/o/r.GIT',
    'https://github.com/o/r/',
    'https://github.com/o',
    'https://github.com/o/r/tree/main',
    'https://github.com/o/..',
    'https://github.com/o/.',
    'https://github.com/-o/r',
    `https://github.com/${'o'.repeat(40)}/r`,
    `https://github.com/o/${'r'.repeat(101)}`,
    'https://github.com/o/r?x',
    'https://github.com/o/r#x',
    'https://github.com/o/r"x',
    'https://github.com/o/r\n',
    'https://token@github.com/o/r',
    'https://user:token@github.com/o/r',
    'https://github.com\\@evil.com/o/r',
    'git@github.com:o/r',
    'ssh://git@github.com/o/r',
    'git://github.com/o/r',
    'github.com/o/r',
  ],
  secret: ['', ' ', 'a b', 'a\nb', 'ä', 'a\u007f', 'x'.repeat(4097)],
  branch: [
    '',
    '-x',
    '@',
    'a..b',
    'a@{1}',
    'a b',
    'a~1',
    'a^',
    'a:b',
    'a?',
    'a*',
    'a[',
    'a\\b',
    'a\nb',
    '/a',
    'a/',
    'a//b',
    '.a',
    'a/.b',
    'a.',
    'a.lock',
    'a.lock/b',
    'ü'.repeat(128),
  ],
  commit: ['', 'HEAD', '0'.repeat(39), '0'.repeat(41), 'g'.repeat(40), `${'0'.repeat(40)}\n`],
  base64: ['Q', 'QQ', 'QQ=', 'Q===', '=QQQ', 'QQ==QQ==', 'QU\nJD', 'QU-_', 'QQ=A', '===='],
}

function rows(table: Record<string, string[]>): [string, string][] {
  return Object.entries(table).flatMap(([name, values]) => values.map((value): [string, string] => [name, value]))
}

describe('FORMATS', () => {
  test.each(rows(GOOD))('%s takes %j', (name, value) => {
    expect(FORMATS[name]?.accepts(value)).toBe(true)
  })

  test.each(rows(BAD))('%s refuses %j', (name, value) => {
    expect(FORMATS[name]?.accepts(value)).toBe(false)
  })

  test.each(Object.keys(FORMATS))('%s stands megabytes of nearly right text', (name) => {
    for (const unit of ['A', 'a.', '-', '=', '9', 'https://a']) {
      expect(FORMATS[name]?.accepts(`${unit.repeat(4_000_000 / unit.length)} !`)).toBe(false)
    }
  })

  test('are all covered by these tables', () => {
    expect(Object.keys(GOOD)).toEqual(Object.keys(FORMATS))
    expect(Object.keys(BAD)).toEqual(Object.keys(FORMATS))
  })
})
