import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SessionEvent } from '../../src/wire/types.ts'
import type { Yard } from '../chaos/yard.ts'
import { openYard, until } from '../chaos/yard.ts'
import type { HandsHost } from './hands-host.ts'
import { startHandsHost } from './hands-host.ts'

const LIMIT_MS = 180_000
/** Longer than a host may be silent: by then every beat is too old, and nothing follows from that. */
const OUTAGE_MS = 20_000

let yard: Yard
let hosts: readonly HandsHost[] = []

beforeAll(async () => {
  yard = await openYard({ env: { LONGHAND_ROLES: 'brain' } })
  hosts = [await startHandsHost(yard, 'one'), await startHandsHost(yard, 'two')]
}, LIMIT_MS)
afterAll(async () => {
  for (const host of hosts) await host[Symbol.asyncDispose]()
  await yard[Symbol.asyncDispose]()
}, LIMIT_MS)

function bash(command: string): string {
  return `TOOL bash ${JSON.stringify({ command })}`
}

/** Tells the model what to do, and answers what came of it once the session is idle. */
async function turn(session: string, ...lines: readonly string[]): Promise<readonly SessionEvent[]> {
  const sent = await yard.send(session, ['#program', ...lines, 'SAY done'].join('\n'))
  let events: readonly SessionEvent[] = []
  await until(async () => {
    const all = await yard.list(session)
    events = all.slice(all.findIndex(({ id }) => id === sent))
    return events.some(({ type }) => type === 'session.status_idle')
  })
  return events
}

interface Result {
  readonly isError: boolean
  readonly text: string
}

function resultsIn(events: readonly SessionEvent[]): readonly Result[] {
  return events.flatMap((event) => {
    if (event.type !== 'agent.tool_result') return []
    const text = (event.content ?? []).map((block) => ('text' in block ? block.text : '')).join('')
    return [{ isError: event.is_error === true, text }]
  })
}

/** The hosts that have a sandbox of the session. */
async function placesOf(session: string): Promise<readonly HandsHost[]> {
  const found = await Promise.all(
    hosts.map(async (host) => ((await host.sandboxesOf(session)).length > 0 ? [host] : [])),
  )
  return found.flat()
}

/** A session whose sandbox is on this host. */
async function sessionOn(host: HandsHost): Promise<string> {
  for (;;) {
    const session = await yard.createSession()
    await turn(session, bash('echo begun >> ledger'))
    const [place] = await placesOf(session)
    if (place === host) return session
  }
}

/** Resolves when the keeper of its host has copied the session's workspace. */
async function copied(session: string): Promise<void> {
  const postgres = await yard.connect()
  const text = 'select from workspace_exports where session_id = $1 and content is not null'
  await until(async () => ((await postgres.query(text, [session])).rowCount ?? 0) > 0)
  await postgres.end()
}

function hostAt(index: number): HandsHost {
  const host = hosts[index]
  if (!host) throw new Error(`expected a host ${index}`)
  return host
}

describe('hands on several hosts', () => {
  test('keep the calls of a session on the host that has its sandbox', { timeout: LIMIT_MS }, async () => {
    const sessions = [await sessionOn(hostAt(0)), await sessionOn(hostAt(1))]
    while (sessions.length < 8) sessions.push(await yard.createSession())
    await Promise.all(
      sessions.map(async (session) => {
        // Both at once: of two hosts that make a sandbox for the first calls one has it.
        await turn(session, 'PARALLEL 2', bash('echo a >> both'), bash('echo b >> both'))
        const events = await turn(session, bash('sort both | tr -d "\\n"'))
        expect(resultsIn(events).map(({ text }) => text)).toEqual(['ab'])
      }),
    )
    const places = await Promise.all(sessions.map(placesOf))
    expect(places.map((found) => found.length)).toEqual(sessions.map(() => 1))
    console.info(`hosts: n = ${sessions.length} sessions, ${places.map(([host]) => host?.name).join(' ')}`)
  })

  test('lose nothing while the store is away', { timeout: LIMIT_MS }, async () => {
    const sessions = [await sessionOn(hostAt(0)), await sessionOn(hostAt(1))]
    const places = await Promise.all(sessions.map(placesOf))
    await yard.without('postgres', () => pause(OUTAGE_MS))
    for (const session of sessions) {
      const [result] = resultsIn(await turn(session, bash('cat ledger')))
      expect(result).toEqual({ isError: false, text: 'begun' })
    }
    expect(await Promise.all(sessions.map(placesOf))).toEqual(places)
  })

  test('end a command that was interrupted while its host was dead', { timeout: LIMIT_MS }, async () => {
    const host = hostAt(0)
    const session = await sessionOn(host)
    const running = () => host.look(session, "ps -e -o args | grep -c '^[s]leep 601'")
    const working = turn(session, bash('sleep 601'))
    await until(async () => (await running()) === '1\n')
    host.signal('SIGKILL')
    try {
      await yard.client.beta.sessions.events.send(session, { events: [{ type: 'user.interrupt' }] })
      await working
      expect(await running()).toBe('1\n')
      const postgres = await yard.connect()
      await postgres.query("update sandboxes set used_at = used_at - interval '1 minute' where session_id = $1", [
        session,
      ])
      await postgres.end()
    } finally {
      await host.start()
    }
    await until(async () => (await running()) === '0\n')
    expect(resultsIn(await turn(session, bash('cat ledger')))).toEqual([{ isError: false, text: 'begun' }])
  })

  test('go on elsewhere when a host is lost, and say so', { timeout: LIMIT_MS }, async () => {
    const [lost, kept] = [hostAt(0), hostAt(1)]
    const [idle, busy] = [await sessionOn(lost), await sessionOn(lost)]
    await copied(idle)
    const command = 'echo run >> ledger; sleep 4; echo ran >> ledger'
    const working = turn(busy, bash(command), bash('cat ledger; echo next'))
    await until(async () => (await lost.look(busy, 'cat ledger'))?.includes('run') === true)
    lost.signal('SIGKILL')
    await lost.destroy(idle)
    const began = Date.now()

    const [told] = resultsIn(await turn(idle, bash('cat ledger; echo next')))
    expect(told?.text).toMatch(
      /^\[This is a new sandbox \(generation 2\)[^]*its host one [^]*Restored[^]*\nbegun\nnext$/,
    )
    const [first, second] = resultsIn(await working)
    expect(first).toMatchObject({ isError: true, text: expect.stringContaining('its host one') })
    expect(second).toMatchObject({ isError: false, text: expect.stringContaining('next') })
    console.info(`hosts: a call in flight is told of the loss after ${((Date.now() - began) / 1000).toFixed(1)} s`)

    expect(await lost.look(busy, 'grep -c run ledger')).toBe('1\n')
    for (const session of [idle, busy])
      expect((await kept.sandboxesOf(session)).map((row) => row.generation)).toEqual([2])
    await lost.start()
  })

  test('run nothing twice when a host comes back that was frozen', { timeout: LIMIT_MS }, async () => {
    const [frozen, other] = [hostAt(0), hostAt(1)]
    const session = await sessionOn(frozen)
    const working = turn(session, bash('echo run >> ledger; sleep 6; echo ran >> ledger'), bash('echo next'))
    await until(async () => (await frozen.look(session, 'cat ledger'))?.includes('run') === true)
    frozen.signal('SIGSTOP')
    const [first, second] = resultsIn(await working)
    expect([first?.isError, second?.isError]).toEqual([true, false])
    frozen.signal('SIGCONT')
    const [third] = resultsIn(await turn(session, bash('echo third')))
    expect(third).toEqual({ isError: false, text: 'third' })
    expect(await frozen.look(session, 'grep -c run ledger')).toBe('1\n')
    expect((await other.sandboxesOf(session)).map((row) => row.generation)).toEqual([2])
  })
})
