import { describe, expect, test } from 'vitest'
import { createLog } from '../src/log.ts'

function capture(write: (log: ReturnType<typeof createLog>) => void): string {
  let text = ''
  write(createLog('test', { write: (line) => void (text += line) }))
  return text
}

describe('the log', () => {
  test('writes JSON lines under its name', () => {
    expect(JSON.parse(capture((log) => log.warn({ session: 's' }, 'slow')))).toMatchObject({
      name: 'test',
      level: 40,
      session: 's',
      msg: 'slow',
    })
  })

  test.each([
    { apiKey: 'canary' },
    { config: { databaseUrl: 'canary' } },
    { request: { headers: { authorization: 'canary' } } },
    { request: { headers: { 'x-api-key': 'canary' } } },
    { credential: { inner: { token: 'canary' } } },
  ])('keeps secrets out of %o', (fields) => {
    const line = capture((log) => log.info(fields, 'said'))
    expect(line).toContain('[redacted]')
    expect(line).not.toContain('canary')
  })
})
