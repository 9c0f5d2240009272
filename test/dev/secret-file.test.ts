import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { keepSecret } from '../../src/dev/secret-file.ts'
import { temporaryFolder } from '../support/programs.ts'

describe('a secret file', () => {
  test('keeps what was made at first, for its owner alone', async () => {
    const file = join(await temporaryFolder(), 'key')
    const secret = await keepSecret(file, 'lh_')
    expect(secret).toMatch(/^lh_[\w-]{32}$/)
    expect(await keepSecret(file, 'lh_')).toBe(secret)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  })

  test('is the same for two who make it at once', async () => {
    const file = join(await temporaryFolder(), 'key')
    const secrets = await Promise.all([keepSecret(file, ''), keepSecret(file, ''), keepSecret(file, '')])
    expect(new Set(secrets).size).toBe(1)
  })
})
