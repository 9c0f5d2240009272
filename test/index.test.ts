import { describe, expect, test } from 'vitest'
import { getEvents, getSession } from '../src/index.ts'
import { LogNotFound } from '../src/history/session-log.ts'
import { agentWith } from './activities/agent.ts'
import { SESSION, decided, history, started } from './support/history-builders.ts'
import { createMemoryArchive } from './support/memory-archive.ts'
import { archiveRuns, holdRuns, runsOf, toAtoms, wholeLog } from './support/run-builders.ts'
import { openLog } from './support/session-log-builders.ts'

const ATOMS = toAtoms(['pair', 'mark', 'answer', 'retry', 'confirm', 'answer', 'message'])
const RUNS = runsOf([ATOMS.slice(0, 3), ATOMS.slice(3)])
const EVENTS = wholeLog(RUNS).flatMap(({ shown, finished, position }) =>
  shown && finished ? [{ event: shown, position }] : [],
)

async function open() {
  const archive = createMemoryArchive()
  await archiveRuns(archive, RUNS, [1])
  const { source, log } = openLog({ archive })
  holdRuns(source, RUNS, [1])
  return log
}

describe('getEvents', () => {
  test('answers the finished events in order, each with its place', async () => {
    expect(EVENTS).toHaveLength(7)
    expect(await getEvents(await open(), SESSION)).toEqual(EVENTS)
    expect(await getEvents(await open(), SESSION, { order: 'desc' })).toEqual(EVENTS.toReversed())
  })

  test('goes on from any place, forward and backward, page by page', async () => {
    const log = await open()
    for (const order of ['asc', 'desc'] as const) {
      const walked: (typeof EVENTS)[number][] = []
      for (;;) {
        const last = walked.at(-1)?.position
        const from = last ? { [order === 'asc' ? 'after' : 'before']: last } : {}
        const page = await getEvents(log, SESSION, { order, limit: 2, ...from })
        if (page.length === 0) break
        walked.push(...page)
      }
      expect(walked).toEqual(order === 'asc' ? EVENTS : EVENTS.toReversed())
    }
  })

  test('keeps to what stands between two places, both left out', async () => {
    const log = await open()
    for (const [first, start] of EVENTS.entries()) {
      for (const [last, end] of EVENTS.entries()) {
        const between = { after: start.position, before: end.position }
        const expected = EVENTS.slice(first + 1, Math.max(first + 1, last))
        expect(await getEvents(log, SESSION, between)).toEqual(expected)
        expect(await getEvents(log, SESSION, { ...between, order: 'desc' })).toEqual(expected.toReversed())
        expect(await getEvents(log, SESSION, { ...between, order: 'desc', limit: 1 })).toEqual(expected.slice(-1))
      }
    }
  })

  test('answers a change of the agent whole where it is told where agents are', async () => {
    const changed = decided({ type: 'session.updated', id: 'u', configuration: 'cfg_2' })
    const { source, log } = openLog()
    source.put('run-1', history(started(), changed))
    const agent = agentWith()
    const configuration = async (session: string, id: string) =>
      session === SESSION && id === 'cfg_2' ? { agent } : null
    expect(await getEvents(log, SESSION, { configuration })).toMatchObject([{ event: { id: 'u', agent } }])
    expect(await getEvents(log, SESSION)).toMatchObject([{ event: { id: 'u', agent: null } }])
  })

  test('rejects for a session that is nowhere, as getSession does', async () => {
    const { log } = openLog()
    await expect(getEvents(log, SESSION)).rejects.toThrow(LogNotFound)
    await expect(getSession(log, SESSION)).rejects.toThrow(LogNotFound)
  })
})
