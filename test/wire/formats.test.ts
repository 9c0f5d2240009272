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
