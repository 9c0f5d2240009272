import { destination, pino } from 'pino'
import type { DestinationStream, Logger } from 'pino'

export type Log = Logger

const secrets = [
  'apiKey',
  'api_key',
  'authorization',
  'codecKey',
  'connectionString',
  'databaseUrl',
  'modelApiKey',
  'password',
  'secret',
  'secretsKey',
  'token',
  '["x-api-key"]',
]

/**
 * A log of JSON lines on stderr, or on `stream`. Fields named like a secret are replaced at the top and down to two
 * levels below it: secrets are passed by name, never inside a message.
 */
export function createLog(name: string, stream: DestinationStream = destination({ dest: 2, sync: true })): Log {
  const paths = ['', '*', '*.*'].flatMap((prefix) => secrets.map((secret) => join(prefix, secret)))
  return pino({ name, redact: { paths, censor: '[redacted]' } }, stream)
}

function join(prefix: string, secret: string): string {
  return prefix === '' || secret.startsWith('[') ? prefix + secret : `${prefix}.${secret}`
}
