import type Anthropic from '@anthropic-ai/sdk'
import type { Postgres } from '../support/postgres.ts'

export const pageSize = 1_000

/** All pages of a list, one after the other. */
export interface Walk {
  readonly events: number
  readonly ms: number
  /** Milliseconds of each page that was full. */
  readonly pages: readonly number[]
}

export type Order = 'asc' | 'desc'

/** By the SDK and the API. */
export async function walkEvents(sdk: Anthropic, session: string, order: Order): Promise<Walk> {
  return time(async (onPage) => {
    const first = await sdk.beta.sessions.events.list(session, { limit: pageSize, order })
    for await (const { data } of first.iterPages()) onPage(data.length)
  })
}

interface Row {
  readonly run: number
  readonly event: number
  readonly index: number
}

/** The archive's rows that clients see, read by their key. */
export async function walkRows(postgres: Postgres, session: string, order: Order): Promise<Walk> {
  const [is, ends] = order === 'asc' ? ['>', 0] : ['<', 2 ** 31 - 1]
  return time(async (onPage) => {
    let place: Row = { run: ends, event: ends, index: ends }
    for (;;) {
      const rows: readonly Row[] = await postgres.query<Row>(
        `select run, event, index, at, audience, entry, blobs from archived_items
         where session_id = $1 and audience in ('all', 'client') and (run, event, index) ${is} ($2, $3, $4)
         order by run ${order}, event ${order}, index ${order} limit ${pageSize}`,
        [session, place.run, place.event, place.index],
      )
      onPage(rows.length)
      const last = rows.at(-1)
      if (!last || rows.length < pageSize) return
      place = last
    }
  })
}

async function time(walk: (onPage: (events: number) => void) => Promise<void>): Promise<Walk> {
  const startedAt = performance.now()
  const pages: number[] = []
  let events = 0
  let at = startedAt
  await walk((length) => {
    const now = performance.now()
    events += length
    if (length === pageSize) pages.push(now - at)
    at = performance.now()
  })
  return { events, ms: performance.now() - startedAt, pages }
}
