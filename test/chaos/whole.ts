import assert from 'node:assert/strict'
import type { SessionEvent } from '../../src/wire/types.ts'

/** Every acknowledged message is there once, taken up, each client's in the order in which it sent them; no other is. */
export function assertWhole(events: readonly SessionEvent[], sent: readonly (readonly string[])[]): void {
  const messages = events.filter(({ type }) => type === 'user.message')
  const ids = messages.map(({ id }) => id)
  for (const [client, mine] of sent.entries()) {
    const known = new Set(mine)
    assert.deepEqual(
      ids.filter((id) => known.has(id)),
      mine,
      `messages of client ${client}`,
    )
  }
  assert.equal(ids.length, sent.flat().length, 'messages in the log')
  assert.ok(messages.every((event) => event.processed_at !== null))
  assert.equal(new Set(events.map(({ id }) => id)).size, events.length, 'no event is there twice')
}
