import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import type { Payload, PayloadCodec } from '@temporalio/common'
import proto from '@temporalio/proto'

const ENCODING = 'binary/longhand-aes-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16
const text = new TextEncoder()

/**
 * Encrypts every payload with AES-256-GCM under one 32-byte key, whose id stands beside the ciphertext and is bound to
 * it. Payloads in other encodings are read as they are, so a plain Temporal client can still signal a session.
 * Decoding rejects what was altered or was written under another key.
 */
export function createAesCodec(key: Uint8Array): PayloadCodec {
  if (key.length !== 32) throw new RangeError(`expected a key of 32 bytes, got ${key.length}`)
  const keyId = createHash('sha256').update(key).digest('hex').slice(0, 16)
  return {
    encode: async (payloads) => payloads.map((payload) => encrypt(payload, key, keyId)),
    decode: async (payloads) => payloads.map((payload) => decrypt(payload, key, keyId)),
  }
}

/**
 * The codec for a worker: what it cannot decode is handed on as it is, so that whoever reads it says what is wrong. A
 * task whose decoding rejects would be tried again for ever. No workflow runs under a wrong key all the same: its own
 * input cannot be read then either.
 */
export function handOnUndecodable(codec: PayloadCodec): PayloadCodec {
  async function decodeOne(payload: Payload): Promise<Payload> {
    try {
      const [decoded] = await codec.decode([payload])
      return decoded ?? payload
    } catch {
      return payload
    }
  }
  return {
    encode: (payloads) => codec.encode(payloads),
    decode: (payloads) => Promise.all(payloads.map(decodeOne)),
  }
}

function encrypt(payload: Payload, key: Uint8Array, keyId: string): Payload {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(text.encode(keyId))
  const plain = proto.temporal.api.common.v1.Payload.encode(payload).finish()
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()])
  return {
    metadata: { encoding: text.encode(ENCODING), 'encryption-key-id': text.encode(keyId) },
    data: Buffer.concat([nonce, cipher.getAuthTag(), sealed]),
  }
}

function decrypt(payload: Payload, key: Uint8Array, keyId: string): Payload {
  if (readText(payload.metadata?.['encoding']) !== ENCODING) return payload
  const writtenBy = readText(payload.metadata?.['encryption-key-id'])
  if (writtenBy !== keyId) throw new Error(`expected a payload under key ${keyId}, got one under ${writtenBy}`)
  const data = payload.data ?? new Uint8Array()
  const decipher = createDecipheriv('aes-256-gcm', key, data.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
  decipher.setAAD(text.encode(keyId)).setAuthTag(data.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
  const plain = Buffer.concat([decipher.update(data.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()])
  return proto.temporal.api.common.v1.Payload.decode(plain)
}

function readText(bytes: Uint8Array | null | undefined): string {
  return bytes ? Buffer.from(bytes).toString('utf8') : ''
}
