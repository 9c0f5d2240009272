import assert from 'node:assert/strict'
import type { DemoModel } from '../../src/model/demo/demo-model.ts'

/**
 * Every request of a session begins with the messages of the one before it, byte for byte but for the cache marks, which
 * move on. A request that is made again after a crash is the same.
 */
export function assertPrefixesGrow(requests: DemoModel['requests'], what: string): void {
  let before: readonly string[] = []
  for (const { bytes } of requests) {
    const { messages } = JSON.parse(bytes) as { messages: readonly unknown[] }
    const now = messages.map((message) =>
      JSON.stringify(message, (key, value) => (key === 'cache_control' ? undefined : value)),
    )
    assert.deepEqual(now.slice(0, before.length), before, `a request of ${what} does not begin with the one before it`)
    before = now
  }
}
