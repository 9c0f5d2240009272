import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { useProxy } from './test-proxy.ts'

const proxy = useProxy(200)

describe('a client that does not come to the point', () => {
  test.each([
    ['says nothing', ''],
    ['begins a CONNECT', 'CONNECT api.test:443 HTTP/1.1\r\nHost: api'],
    ['begins a request', 'GET http://web.test/ HTTP/1.1\r\n'],
  ])('and %s is sent away', async (_, said) => {
    const socket = connect({ path: proxy.path, allowHalfOpen: true })
    socket.write(said)
    expect(await text(socket)).toMatch(/^(?:HTTP\/1\.1 408 Request Timeout|$)/)
  })
})
