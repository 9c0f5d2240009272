import type { PayloadCodec } from '@temporalio/common'
import { createAesCodec } from '../../src/history/codec.ts'

/**
 * The key under which the run keeps its payloads: 32 bytes in base64 in `TEST_CODEC_KEY`, as `npm run test:long -- codec`
 * sets it. Unset, payloads are plain.
 */
export function testCodecKey(): Uint8Array | undefined {
  const key = process.env['TEST_CODEC_KEY']
  return key ? Buffer.from(key, 'base64') : undefined
}

/** For every client, worker and reader of a test that does not bring its own. Plain payloads are read all the same. */
export function testCodecs(): readonly PayloadCodec[] {
  const key = testCodecKey()
  return key ? [createAesCodec(key)] : []
}
