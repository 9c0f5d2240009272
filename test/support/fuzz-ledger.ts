import type { FuzzAnswer } from './fuzz-answer.ts'
import { parse } from './fuzz-answer.ts'
import type { FuzzRequest } from './fuzz-request.ts'
import { isNode } from './fuzz-sample.ts'

/** What a server holds, as whoever looks into it finds it. */
export interface Stored {
  /** Of agents, environments and sessions. */
  readonly ids: ReadonlySet<string>
  /** Ids of what users sent, in the log of each session, and the number of all events in it. */
  readonly logs: ReadonlyMap<string, { readonly sent: ReadonlySet<string>; readonly length: number }>
}

/** What a server said that it did; everything else it was asked must have left nothing behind. */
export interface Ledger {
  /** Takes an answer down. */
  note(request: FuzzRequest, answer: FuzzAnswer): void
  /** What is stored and was not acknowledged, or was and is not there. */
  compare(stored: Stored): string[]
}

const CHANGING = /^\/v1\/sessions\/([^/?]+)(?:\/(?:events|archive))?(?:\?.*)?$/

export function createLedger(before: Stored): Ledger {
  const ids = new Set(before.ids)
  const sent = new Set([...before.logs.values()].flatMap((log) => [...log.sent]))
  /** Sessions whose log may have grown by more than what was sent. */
  const changed = new Set<string>()
  const initial = new Map<string, number>()

  return {
    note({ route, method, path, body }, { status, text }) {
      if (status !== 200 || method === 'GET') return
      const answer = parse(text)
      const session = CHANGING.exec(path)?.[1]
      if (session !== undefined) changed.add(session)
      if (!isNode(answer)) return
      if (Array.isArray(answer['data'])) for (const event of answer['data']) sent.add(String(event?.id))
      if (method === 'DELETE') ids.delete(String(answer['id']))
      if (method !== 'POST' || !route.body?.endsWith('.create')) return
      ids.add(String(answer['id']))
      if (route.body === 'sessions.create') {
        changed.add(String(answer['id']))
        initial.set(String(answer['id']), countInitial(body))
      }
    },

    compare(stored) {
      const problems = [
        ...missing(ids, stored.ids).map((id) => `${id} was made and is not there`),
        ...missing(stored.ids, ids).map((id) => `${id} is there and nobody was told`),
      ]
      for (const [session, log] of stored.logs) {
        const unknown = missing(log.sent, sent).length - (initial.get(session) ?? 0)
        if (unknown !== 0) problems.push(`${session} holds ${unknown} events more than were acknowledged`)
        const length = before.logs.get(session)?.length ?? 0
        if (!changed.has(session) && log.length !== length)
          problems.push(`${session} grew from ${length} to ${log.length}`)
      }
      const present = new Set([...stored.logs.values()].flatMap((log) => [...log.sent]))
      const gone = missing(sent, present).filter(() => [...before.logs.keys()].every((id) => stored.logs.has(id)))
      return [...problems, ...gone.map((id) => `${id} was acknowledged and is in no log`)]
    },
  }
}

function missing(wanted: ReadonlySet<string>, present: ReadonlySet<string>): string[] {
  return [...wanted].filter((id) => !present.has(id))
}

function countInitial(body: Buffer | null): number {
  const sent = parse(body?.toString('utf8').replace(/^\ufeff/, '') ?? '')
  const events = isNode(sent) ? sent['initial_events'] : undefined
  return Array.isArray(events) ? events.length : 0
}
