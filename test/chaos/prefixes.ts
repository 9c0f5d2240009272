import assert from 'node:assert/strict'
import type { DemoModel } from '../../src/model/demo/demo-model.ts'
import { currentHarness } from '../../src/model/harness.ts'

const { prompt = '', introduction = '' } = currentHarness.context ?? {}

/**
 * Every request of a session begins with the messages of the one before it, byte for byte but for the cache marks, which
 * move on. A request that is made again after a crash is the same; one behind a summary begins anew, with that. Answers
 * how many summaries there were.
 */
export function assertPrefixesGrow(requests: DemoModel['requests'], what: string): number {
  let before: readonly string[] = []
  let summaries = 0
  for (const { bytes } of requests) {
    const { messages } = JSON.parse(bytes) as { messages: readonly unknown[] }
    const now = messages.map(toText)
    const isAnew = isAbout(now[0], introduction) && now[0] !== before[0]
    if (isAnew) summaries += 1
    else assert.deepEqual(now.slice(0, before.length), before, `a request of ${what} begins with the one before it`)
    // What asks for a summary stands in that request alone.
    before = isAbout(now.at(-1), prompt) ? now.slice(0, -1) : now
  }
  return summaries
}

function toText(message: unknown): string {
  return JSON.stringify(message, (key, value: unknown) => (key === 'cache_control' ? undefined : value))
}

function isAbout(message: string | undefined, text: string): boolean {
  return message?.includes(JSON.stringify(text).slice(1, -1)) === true
}
