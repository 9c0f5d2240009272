import type { Payload } from '@temporalio/common'
import { defaultPayloadConverter } from '@temporalio/common'
import proto from '@temporalio/proto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createAesCodec, handOnUndecodable } from '../../src/history/codec.ts'

const KEY = new Uint8Array(32).fill(7)
const OTHER = new Uint8Array(32).fill(8)
const VALUE = { events: [{ type: 'user.message', content: [{ type: 'text', text: 'a secret' }] }] }
const wire = proto.temporal.api.common.v1.Payload

function payloadOf(value: unknown): Payload {
  return defaultPayloadConverter.toPayload(value)
}

/** A payload as it comes from the server: through its protobuf bytes. */
function overTheWire(payload: Payload): Payload {
  return wire.decode(wire.encode(payload).finish())
}

async function sealed(payload = payloadOf(VALUE)): Promise<Payload> {
  const [only] = await createAesCodec(KEY).encode([payload])
  if (!only) throw new Error('expected one payload')
  return overTheWire(only)
}

async function opened(payload: Payload, key = KEY): Promise<unknown> {
  const [only] = await createAesCodec(key).decode([payload])
  return only && defaultPayloadConverter.fromPayload(only)
}

function withByte(bytes: Uint8Array, index: number): Uint8Array {
  return bytes.map((byte, at) => (at === index ? byte ^ 1 : byte))
}

describe('the AES codec', () => {
  test('gives back what it was given, whatever it is', async () => {
    const value = fc.oneof(
      fc.json().map((text): unknown => JSON.parse(text)),
      fc.constant(undefined),
      fc.uint8Array(),
    )
    await fc.assert(
      fc.asyncProperty(value, async (one) => {
        expect(await opened(await sealed(payloadOf(one)))).toEqual(one)
      }),
    )
  })

  test('keeps the metadata of a payload', async () => {
    const payload = { ...payloadOf(VALUE), metadata: { ...payloadOf(VALUE).metadata, messageType: Buffer.from('own') } }
    const [back] = await createAesCodec(KEY).decode([await sealed(payload)])
    expect(Buffer.from(back?.metadata?.['messageType'] ?? []).toString()).toBe('own')
  })

  test('keeps the order of several payloads', async () => {
    const codec = createAesCodec(KEY)
    const back = await codec.decode(await codec.encode([1, 2, 3].map(payloadOf)))
    expect(back.map((payload) => defaultPayloadConverter.fromPayload(payload))).toEqual([1, 2, 3])
  })

  test('shows nothing of the content, nor that two are the same', async () => {
    const [one, two] = [await sealed(), await sealed()]
    expect(Buffer.from(wire.encode(one).finish()).toString('latin1')).not.toContain('secret')
    expect(one.data).not.toEqual(two.data)
  })

  test('leaves payloads of other encodings as they are', async () => {
    const plain = overTheWire(payloadOf(VALUE))
    expect(await opened(plain)).toEqual(VALUE)
    const bare = { data: new Uint8Array([1]) }
    expect(await createAesCodec(KEY).decode([bare, {}])).toEqual([bare, {}])
  })

  test('refuses a payload with any byte of its data altered', async () => {
    const payload = await sealed()
    const data = payload.data ?? new Uint8Array()
    expect(data.length).toBeGreaterThan(28)
    for (let index = 0; index < data.length; index++) {
      await expect(opened({ ...payload, data: withByte(data, index) }), `byte ${index}`).rejects.toThrow(
        /authenticat|Invalid/,
      )
    }
  })

  test('refuses a payload that was cut short, at any length', async () => {
    const payload = await sealed()
    const data = payload.data ?? new Uint8Array()
    for (let length = 0; length < data.length; length++) {
      await expect(opened({ ...payload, data: data.subarray(0, length) }), `${length} bytes`).rejects.toThrow(
        /authenticat|Invalid/,
      )
    }
    await expect(opened({ metadata: payload.metadata ?? {} })).rejects.toThrow(/authenticat|Invalid/)
  })

  test('refuses a payload under another key, by the keys’ ids', async () => {
    await expect(opened(await sealed(), OTHER)).rejects.toThrow(
      /expected a payload under key [0-9a-f]{16}, got one under [0-9a-f]{16}/,
    )
  })

  test('refuses a payload that claims another key', async () => {
    const [foreign] = await createAesCodec(OTHER).encode([payloadOf(VALUE)])
    const own = await sealed()
    const claimed = { ...foreign, metadata: own.metadata ?? {} }
    await expect(opened(claimed)).rejects.toThrow(/authenticat|Invalid/)
    await expect(
      opened({ ...own, metadata: { encoding: own.metadata?.['encoding'] ?? new Uint8Array() } }),
    ).rejects.toThrow(/got one under $/)
  })

  test('of a worker hands on what it cannot decode, beside what it can', async () => {
    const [good, foreign] = [await sealed(), (await createAesCodec(OTHER).encode([payloadOf(VALUE)]))[0]]
    const decoded = await handOnUndecodable(createAesCodec(KEY)).decode(foreign ? [foreign, good] : [])
    expect(decoded[0]).toEqual(foreign)
    expect(decoded.slice(1).map((payload) => defaultPayloadConverter.fromPayload(payload))).toEqual([VALUE])
  })

  test.each([0, 16, 31, 33])('takes no key of %i bytes', (length) => {
    expect(() => createAesCodec(new Uint8Array(length))).toThrow(RangeError)
  })
})
