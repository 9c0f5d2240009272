import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ConfigError } from './config.ts'

/**
 * The certificates of a file, in PEM: what stands around them is left out.
 * @throws ConfigError when it cannot be read, or holds none, or one that is broken.
 */
export function readAuthorities(path: string): string {
  try {
    const blocks = readFileSync(path, 'utf8').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
    if (blocks.length === 0) throw new Error('there is no certificate in it')
    return blocks.map((block) => new X509Certificate(block).toString()).join('')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigError(`the certificates in ${path} cannot be read: ${reason}`, { cause })
  }
}
