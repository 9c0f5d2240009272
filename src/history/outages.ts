export interface OutageLog {
  info(details: object, message: string): void
  warn(details: object, message: string): void
}

/** Tells of histories that cannot be followed: once when it begins and once when the last of them is followed again. */
export interface Outages {
  began(session: string, error: unknown): void
  over(session: string): void
  /** Nobody wants to follow this one any more: no news of the server. */
  left(session: string): void
}

export function createOutages(log: OutageLog): Outages {
  const away = new Set<string>()
  let most = 0
  return {
    began(session, error) {
      if (away.size === 0) {
        most = 0
        log.warn({ err: error, session }, 'history cannot be followed; trying again, ever more slowly')
      }
      away.add(session)
      most = Math.max(most, away.size)
    },
    over(session) {
      if (away.delete(session) && away.size === 0) log.info({ sessions: most }, 'history is followed again')
    },
    left: (session) => void away.delete(session),
  }
}
