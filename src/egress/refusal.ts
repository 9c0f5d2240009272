import { STATUS_CODES } from 'node:http'

/** Why a request goes no further: a status and a sentence that the model reads. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number

  constructor(status: number, sentence: string, options?: ErrorOptions) {
    super(sentence, options)
    this.status = status
  }
}

/** What a failure comes to for the client; what is none of ours to explain is a failure of the way to the host. */
export function toRefusal(error: unknown, host: string): Refusal {
  if (error instanceof Refusal) return error
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'no reason'
  return new Refusal(502, `The connection to ${host} failed (${code}).`, { cause: error })
}

/** The answer to a CONNECT that is refused. Most clients show the first line alone: the sentence stands there too. */
export function toResponse({ status, message }: Refusal): string {
  const body = `${message}\n`
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}: ${printable(message)}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 400)
}
