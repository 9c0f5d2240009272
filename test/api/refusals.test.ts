import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { refuseConnection, toKnown } from '../../src/api/refusals.ts'
import { SessionBuried } from '../../src/store/buried.ts'
import { ApiError } from '../../src/wire/errors.ts'

function coded(code: string): Error {
  return Object.assign(new Error('inner words'), { code })
}

describe('an error of the HTTP server or the store', () => {
  test.each([
    { error: coded('FST_ERR_CTP_BODY_TOO_LARGE'), kind: 'too_large' },
    { error: coded('FST_ERR_CTP_INVALID_CONTENT_LENGTH'), kind: 'invalid_request' },
    { error: coded('FST_ERR_BAD_URL'), kind: 'invalid_request' },
    { error: coded('FST_ERR_MAX_PARAM_LENGTH'), kind: 'not_found' },
    { error: coded('FST_ERR_CTP_INVALID_MEDIA_TYPE'), kind: 'invalid_request' },
    { error: coded('FST_ERR_ROUTE_MISSING_CONTENT_TYPE'), kind: 'not_found' },
    { error: Object.assign(new Error('aborted'), { code: 'ECONNRESET' }), kind: 'invalid_request' },
    { error: coded('ECONNRESET'), kind: 'unavailable' },
    { error: new SessionBuried('sesn_1'), kind: 'not_found' },
    { error: coded('ECONNREFUSED'), kind: 'unavailable' },
    { error: coded('57P01'), kind: 'unavailable' },
    { error: new Error('Connection terminated unexpectedly: inner words'), kind: 'unavailable' },
  ])('is known as $kind, without its words', ({ error, kind }) => {
    const known = toKnown(error)
    expect(known).toBeInstanceOf(ApiError)
    expect(known).toMatchObject({ kind, cause: error, message: expect.not.stringContaining('inner words') })
  })

  test.each([coded('23505'), new Error('plain'), new ApiError('conflict', 'said'), 'text', null])(
    'stays what it is otherwise: %s',
    (error) => {
      expect(toKnown(error)).toBe(error)
    },
  )
})

describe('a connection that speaks no HTTP', () => {
  test('gets the standard error with its true length, and is closed', async () => {
    const socket = new PassThrough()
    refuseConnection(coded('HPE_INVALID_METHOD'), socket)
    const [head = '', body = ''] = Buffer.concat(await socket.toArray())
      .toString()
      .split('\r\n\r\n')
    expect(head.split('\r\n')).toEqual(
      expect.arrayContaining(['HTTP/1.1 400 Bad Request', 'connection: close', `content-length: ${body.length}`]),
    )
    const { request_id: id, ...rest } = JSON.parse(body)
    expect(head).toContain(`request-id: ${id}`)
    expect(rest).toEqual({
      type: 'error',
      error: { type: 'invalid_request_error', message: 'expected an HTTP request' },
    })
  })

  test('that is gone already is only closed', () => {
    const socket = new PassThrough()
    refuseConnection(coded('ECONNRESET'), socket)
    expect([socket.destroyed, socket.read()]).toEqual([true, null])
  })
})
