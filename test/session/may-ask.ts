import assert from 'node:assert/strict'
import type { Accounting } from '../../src/session/cost.ts'
import type { LogEntry } from '../../src/session/transcript.ts'
import type { SessionEvent } from '../../src/wire/types.ts'

/** Demands that what a session has cost, as a bookkeeper adds its log up, is below the cap that its log says it has. */
export function assertMayAsk(
  { shown, says }: { readonly shown: readonly SessionEvent[]; readonly says: readonly LogEntry[] },
  { prices, hourly }: Accounting,
  begun: number | null,
): void {
  assert.ok(prices)
  const ends = shown.filter((event) => event.type === 'span.model_request_end')
  const tokens = ends.reduce((sum, { model_usage: usage }) => sum + usage.input_tokens, 0)
  const worked = says.findLast((entry) => entry.type === 'log.worked')
  const hours = (worked?.ms ?? 0) / 3_600_000
  const change = shown.findLast((event) => event.type === 'session.updated' && event.budget !== undefined)
  const cap = change?.type === 'session.updated' ? change.budget?.max_list_cost.amount : begun
  if (cap === undefined || cap === null) return
  const cost = (tokens * prices.input) / 1e8 + hours * hourly
  assert.ok(cost < Number(cap), `asked at ${cost} of ${cap} cents`)
}
