import type { GateClient } from './egress/gate-client.ts'
import { MAIN } from './hands/recipe.ts'
import type { Log } from './log.ts'
import type { PermitOf } from './permits.ts'

/** By what a host's doors are kept. */
export interface DoorRule {
  readonly permitOf: PermitOf
  /** For those of these sessions that have tokens, a number that grows whenever one is changed. */
  readonly versionsOf: (sessions: readonly string[]) => Promise<ReadonlyMap<string, number>>
  readonly log: Pick<Log, 'warn'>
  /** Between two looks whether a token was changed without a word; default 10 s. */
  readonly lookMs?: number
}

/** Keeps the egress process in possession of the tokens that sessions have at present. */
export interface DoorRenewal {
  /**
   * Gives the doors of a session whose tokens are not those that were given their permits again; what fails is tried by the
   * next look. Never rejects.
   * @param session the one that something has changed of; default: every one.
   */
  look(session?: string): Promise<void>
  /** The same, for a process that knows of no tokens. */
  begin(): Promise<void>
  /** A door of the session was opened: its tokens may have changed since they were read for it. */
  opened(session: string): void
}

export function createDoorRenewal(
  gate: Pick<GateClient, 'names' | 'renew'>,
  { permitOf, versionsOf, log }: Pick<DoorRule, 'permitOf' | 'versionsOf' | 'log'>,
): DoorRenewal {
  /** By session, the version of its tokens that the present process was given. */
  let given = new Map<string, number>()
  let opened = new Set<string>()
  let waiting: Promise<void> | null = null
  let last = Promise.resolve()

  async function lookNow(): Promise<void> {
    // What is given to a process that ends meanwhile is not given to the next.
    const mine = given
    for (const session of opened) mine.delete(session)
    opened = new Set()
    const doors = await namesBySession()
    for (const session of mine.keys()) if (!doors.has(session)) mine.delete(session)
    const versions = doors.size === 0 ? new Map<string, number>() : await versionsOf([...doors.keys()])
    for (const [session, version] of versions) {
      if (mine.get(session) === version) continue
      try {
        for (const name of doors.get(session) ?? []) await gate.renew(name, await permitOf(session, placeOf(name).hand))
        // Read before the permit: what changed in between is seen by the next look.
        mine.set(session, version)
      } catch (err) {
        log.warn({ err, session }, 'the doors of a session are not up to date')
      }
    }
  }

  async function namesBySession(): Promise<ReadonlyMap<string, readonly string[]>> {
    const doors = new Map<string, string[]>()
    for (const name of await gate.names()) {
      const { session } = placeOf(name)
      doors.set(session, [...(doors.get(session) ?? []), name])
    }
    return doors
  }

  /** One look at a time, and one that waits for all that ask meanwhile. */
  function ask(): Promise<void> {
    waiting ??= last = lookBehind(last)
    return waiting
  }

  async function lookBehind(before: Promise<void>): Promise<void> {
    await before
    waiting = null
    await lookNow().catch((err: unknown) => log.warn({ err }, 'whether the doors are up to date is not known'))
  }

  return {
    async look(session) {
      if (session === undefined || (await isHere(session))) await ask()
    },
    begin() {
      given = new Map()
      return ask()
    },
    opened: (session) => void opened.add(session),
  }

  async function isHere(session: string): Promise<boolean> {
    return gate.names().then(
      (names) => names.some((name) => placeOf(name).session === session),
      () => false,
    )
  }
}

/** Whose door it is: names begin with the place that they belong to. */
export function placeOf(name: string): { readonly session: string; readonly hand: string } {
  const [place = ''] = name.split('.')
  const [session = '', hand = MAIN] = place.split('-')
  return { session, hand }
}
