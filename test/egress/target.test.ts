import { describe, expect, test } from 'vitest'
import { hostOf, parseAbsolute, parseAuthority } from '../../src/egress/target.ts'

describe('targets', () => {
  test.each([
    ['example.com:443', 'example.com', 443],
    ['EXAMPLE.com.:443', 'example.com', 443],
    ['bücher.example:443', 'xn--bcher-kva.example', 443],
    ['[2606:4700::1111]:443', '2606:4700::1111', 443],
    ['2130706433:80', '127.0.0.1', 80],
    ['0x7f.1:80', '127.0.0.1', 80],
    ['0177.0.0.1:80', '127.0.0.1', 80],
    ['127.1:80', '127.0.0.1', 80],
    ['①②⑦.0.0.1:80', '127.0.0.1', 80],
    ['%31%32%37.0.0.1:80', '127.0.0.1', 80],
    ['[::ffff:127.0.0.1]:80', '::ffff:7f00:1', 80],
  ])('of CONNECT: %s is %s, port %i', (text, host, port) => {
    expect(parseAuthority(text)).toEqual({ host, port })
  })

  test.each([
    'example.com',
    'example.com:',
    ':443',
    'a b:443',
    'user@example.com:443',
    'http://a:80',
    '.:80',
    '[::1:80',
  ])('of CONNECT: %s is refused', (text) => {
    expect(() => parseAuthority(text)).toThrow('expected CONNECT host:port or http://host/path')
  })

  test.each([
    ['http://Example.com', 'example.com', 80, '/'],
    ['http://example.com:8080/a/b?c=d#e', 'example.com', 8080, '/a/b?c=d'],
    ['http://user:pass@example.com/', 'example.com', 80, '/'],
    ['http://017700000001/', '127.0.0.1', 80, '/'],
  ])('of a request: %s', (url, host, port, path) => {
    expect(parseAbsolute(url)).toEqual({ host, port, path })
  })

  test.each(['/path', 'https://example.com/', 'gopher://example.com/', 'http://', '*'])(
    'of a request: %s is refused',
    (url) => {
      expect(() => parseAbsolute(url)).toThrow('expected CONNECT host:port or http://host/path')
    },
  )

  test.each([
    ['example.com', 'example.com'],
    ['Example.com.:443', 'example.com'],
    ['[::1]:443', '::1'],
  ])('of a Host header: %s', (header, host) => {
    expect(hostOf(header)).toBe(host)
  })
})
