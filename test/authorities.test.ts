import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readAuthorities } from '../src/authorities.ts'
import { ConfigError } from '../src/config.ts'
import { worldAuthority } from './egress/test-proxy.ts'
import { temporaryFolder } from './support/programs.ts'

async function fileOf(content: string): Promise<string> {
  const path = join(await temporaryFolder(), 'ca.pem')
  await writeFile(path, content)
  return path
}

describe('a file of authorities', () => {
  test('is read without what stands around the certificates', async () => {
    const { certificate } = worldAuthority
    const read = readAuthorities(await fileOf(`# ours\n${certificate}\n# again\n${certificate}`))
    expect(read).toBe(`${certificate.trim()}\n${certificate.trim()}\n`)
  })

  test.each([
    ['nothing', '', 'there is no certificate in it'],
    ['a key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', 'there is no certificate in it'],
    ['a broken certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'cannot be read'],
  ])('is refused with %s in it', async (_, content, reason) => {
    const path = await fileOf(content)
    expect(() => readAuthorities(path)).toThrow(ConfigError)
    expect(() => readAuthorities(path)).toThrow(reason)
  })

  test('is refused when it is not there', () => {
    expect(() => readAuthorities('/nonexistent/ca.pem')).toThrow(/the certificates in \/nonexistent\/ca.pem .*ENOENT/)
  })
})
