import type { ModelUsage, SessionError } from '../wire/types.ts'
import { leastUsage, sizeOf } from './estimate.ts'
import type { Journal } from './journal.ts'
import { handOf } from './state.ts'
import { noModelUsage } from './usage.ts'

/** Which part failed stands first in what is told of it. */
export type Told = `${'model' | 'harness' | 'hands' | 'network' | 'store' | 'client'}: ${string}`

const TOLD = /^(?:model|harness|hands|network|store|client): /

function isTold(words: string): words is Told {
  return TOLD.test(words)
}

/** @param otherwise what stands first where nothing says which part failed. */
export function tell(words: string, otherwise: Told): Told {
  return isTold(words) ? words : `${otherwise}: ${words}`
}

export interface Failure {
  readonly type: Exclude<SessionError['type'], 'mcp_connection_failed_error'>
  readonly message: Told
  readonly retry: 'retrying' | 'exhausted' | 'terminal'
}

export function fail(journal: Journal, { type, message, retry }: Failure): void {
  // Every error this core makes has the three common fields; the types with ids of their own come from elsewhere.
  journal.emit({ type: 'session.error', error: { type, message, retry_status: { type: retry } } as SessionError })
}

/** What a request that was given up has cost at least: it was sent, and nobody has counted it. */
export function estimate(journal: Journal, request: string): ModelUsage {
  if (!journal.state.accounting) return noModelUsage()
  journal.write({ type: 'log.estimated', request })
  return leastUsage(sizeOf(journal.state))
}

interface RequestEnd {
  readonly request: string
  readonly isError: boolean
  readonly usage: ModelUsage
}

export function endRequest(journal: Journal, { request, isError, usage }: RequestEnd): void {
  journal.emit({
    type: 'span.model_request_end',
    model_request_start_id: request,
    is_error: isError,
    model_usage: usage,
  })
}

export function dropQueue(journal: Journal): void {
  for (const event of journal.state.queue) drop(journal, event.id)
}

export function drop(journal: Journal, id: string): void {
  journal.write({ type: 'log.mark', id, dropped: true })
}

/** Whether the event before was dropped in this pass: one error is told for all in a row. */
export function isDropping({ entries }: Journal): boolean {
  return entries.slice(-2).some((entry) => entry.type === 'log.mark' && entry.dropped === true)
}

/** The turn is dead: what is queued stays in the log, processed, without effect. */
export function giveUp(journal: Journal): void {
  dropQueue(journal)
  journal.end({ type: 'retries_exhausted' })
}

/** No sandbox came of it. A call may have made one meanwhile. */
export function unprovision(
  journal: Journal,
  { hand, message }: { readonly hand: string; readonly message: string },
): void {
  if (journal.state.status === 'terminated' || handOf(journal.state, hand)) return
  journal.write({ type: 'log.unprovisioned', hand, message })
}
