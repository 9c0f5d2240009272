import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createContextReader } from '../../src/activities/context.ts'
import { estimateBytes } from '../../src/activities/recent.ts'
import type { BlobStore } from '../../src/history/blobs.ts'
import { stow } from '../../src/history/blobs.ts'
import { copyRun } from '../../src/history/copy.ts'
import { comparePositions } from '../../src/history/position.ts'
import type { HistoryItem } from '../../src/history/item.ts'
import type { SessionLog } from '../../src/history/session-log.ts'
import type { LogEntry } from '../../src/session/transcript.ts'
import { contextStart, isRead, transcript } from '../../src/session/transcript.ts'
import {
  NOON,
  SESSION,
  completed,
  continued,
  decided,
  ended,
  history,
  scheduled,
  signaled,
  started,
  takenOver,
} from '../support/history-builders.ts'
import { createMemoryArchive } from '../support/memory-archive.ts'
import { createMemoryBlobs } from '../support/memory-blobs.ts'
import {
  archiveRuns,
  carriedOver,
  cutLogs,
  holdRuns,
  projectRun,
  resetRun,
  runId,
  runsOf,
  toAtoms,
  wholeLog,
} from '../support/run-builders.ts'
import { answerEntries, message, resultEntry } from '../support/session-builders.ts'
import { openLog } from '../support/session-log-builders.ts'

type Runs = readonly (readonly HistoryItem[])[]

/** Everything that an activity may be told of, from a log as plain items. */
function before(runs: Runs, run: number, activity: string): readonly LogEntry[] {
  const asked = runs[run - 1]?.find((item) => item.type === 'scheduled' && item.activityId === activity)
  const end = { run, event: asked?.eventId ?? 0, index: 0 }
  return wholeLog(runs).flatMap(({ says, position }) => (says && comparePositions(position, end) < 0 ? [says] : []))
}

/** What of it a request depends on. */
function needed(log: readonly LogEntry[]): readonly LogEntry[] {
  return log.slice(contextStart(log)).filter(isRead)
}

function activitiesOf(items: readonly HistoryItem[]): readonly string[] {
  return items.flatMap((item) => (item.type === 'scheduled' ? [item.activityId] : []))
}

/** How many items are read for each call, over a log with these runs in the archive. */
async function scene(runs: Runs, kept: readonly number[] = []) {
  const archive = createMemoryArchive()
  await archiveRuns(archive, runs, kept)
  const { source, log } = openLog({ archive })
  holdRuns(source, runs, kept)
  let read = 0
  const counting: SessionLog = {
    ...log,
    async slice(...of) {
      const items = await log.slice(...of)
      read += items.length
      return items
    },
  }
  const open = () => createContextReader(counting, createMemoryBlobs())
  const taken = (): number => [read, (read = 0)][0] ?? 0
  return { open, taken, source, log, counting, archive }
}

const cursor = (run: number, activity: string, session = SESSION) => ({ session, run: runId(run), activity })

describe('the context of a model call', () => {
  test('is all of the log before it that its newest summary leaves, warm as cold, wherever runs are kept', async () => {
    let calls = 0
    const property = fc.asyncProperty(cutLogs, fc.array(fc.integer({ min: 1, max: 6 })), async (chapters, numbers) => {
      const runs = runsOf(chapters)
      const kept = numbers.filter((run) => run < runs.length)
      const { open } = await scene(runs, kept)
      const warm = open()
      for (const [index, items] of runs.entries()) {
        if (kept.includes(index + 1)) continue
        for (const activity of activitiesOf(items)) {
          calls += 1
          const whole = before(runs, index + 1, activity)
          const context = await open()(cursor(index + 1, activity))
          expect(context).toEqual(needed(whole))
          expect(await warm(cursor(index + 1, activity))).toEqual(context)
          expect(JSON.stringify(transcript(context))).toBe(JSON.stringify(transcript(whole)))
        }
      }
    })
    await fc.assert(property, { numRuns: 100 })
    expect(calls).toBeGreaterThan(200)
    console.log(`contexts: n = 100 logs, ${calls} calls, each warm and cold`)
  })

  test('begins with what the newest summary stands behind', async () => {
    const runs = runsOf([toAtoms(['pair', 'mark', 'answer', 'summary', 'pair', 'mark']), toAtoms(['answer', 'answer'])])
    const { open, taken } = await scene(runs, [1])
    const context = await open()(cursor(2, 'answer1'))
    expect(context.map(({ type }) => type)).toEqual(['log.assistant', 'log.summary', 'user.message', 'log.assistant'])
    expect(taken()).toBeLessThan(20)
  })

  test('is read on from where the last call’s ended', async () => {
    const words = Array.from({ length: 50 }, () => 'answer' as const)
    const runs = runsOf([toAtoms(words), toAtoms(['answer', 'answer'])])
    const { open, taken } = await scene(runs, [1])
    const warm = open()
    await warm(cursor(2, 'answer0'))
    expect(taken()).toBeGreaterThanOrEqual(150)
    const context = await warm(cursor(2, 'answer1'))
    expect(context).toEqual(needed(before(runs, 2, 'answer1')))
    expect(taken()).toBeLessThan(10)
  })

  test('is its own when an older call is tried again, and the next one’s after that', async () => {
    const runs = runsOf([toAtoms(['pair', 'mark', 'answer', 'summary', 'answer', 'answer'])])
    const { open } = await scene(runs)
    const warm = open()
    for (const activity of ['answer5', 'answer2', 'answer4', 'answer5', 'answer2']) {
      const whole = before(runs, 1, activity)
      expect(await warm(cursor(1, activity))).toEqual(needed(whole))
    }
  })

  test('reads more than a page', async () => {
    const words = Array.from({ length: 700 }, () => 'answer' as const)
    const runs = runsOf([toAtoms(words), toAtoms(['answer'])])
    const { open } = await scene(runs, [1])
    const context = await open()(cursor(2, 'answer0'))
    expect(context).toHaveLength(700)
    expect(context).toEqual(needed(before(runs, 2, 'answer0')))
  })

  test('has a sentence where a part of it is lost, and the part itself once it is back', async () => {
    const blobs = createMemoryBlobs()
    const long = 'x'.repeat(100_000)
    const kept = await stow(blobs, SESSION, [message('m1', long)])
    const { source, log } = openLog()
    const signal = { type: 'signaled' as const, payload: { events: kept.elements, blobs: kept.blobs } }
    source.grow(...history(started(), signal, decided({ type: 'log.mark', id: 'm1' }), scheduled('1')))
    const read = createContextReader(log, blobs)
    const text = async (): Promise<string> => JSON.stringify(transcript(await read(cursor(1, '1'))))
    const whole = await text()
    expect(whole).toContain(long)
    const own = [...(blobs.blobs.get(SESSION) ?? [])]
    await blobs.clear(SESSION)
    const lost = await text()
    expect(lost).toBe(whole.replace(long, '[This part of the conversation is lost: its file is missing or damaged.]'))
    for (const [key] of own) await blobs.put(SESSION, key, Buffer.from('damaged'))
    expect(await text()).toBe(lost)
    for (const [key, bytes] of own) await blobs.put(SESSION, key, bytes)
    expect(await text()).toBe(whole)
  })

  test('is not told to have lost what the store cannot read now', async () => {
    const kept = await stow(createMemoryBlobs(), SESSION, [message('m1', 'x'.repeat(100_000))])
    const { source, log } = openLog()
    const signal = { type: 'signaled' as const, payload: { events: kept.elements, blobs: kept.blobs } }
    source.grow(...history(started(), signal, decided({ type: 'log.mark', id: 'm1' }), scheduled('1')))
    const get = async (): Promise<never> => Promise.reject(new Error('store: a blob could not be read: EIO'))
    await expect(createContextReader(log, { get })(cursor(1, '1'))).rejects.toThrow('EIO')
  })

  test('of a log with nothing in it is empty', async () => {
    const { open } = await scene(runsOf([toAtoms(['answer'])]))
    expect(await open()(cursor(1, 'answer0'))).toEqual([])
  })

  test.each([
    ['another activity', cursor(1, 'answer9')],
    ['the same of another run', cursor(2, 'answer0')],
  ])('is not there yet for %s', async (_, unknown) => {
    const { open } = await scene(runsOf([toAtoms(['answer'])]))
    await expect(open()(unknown)).rejects.toMatchObject({ type: 'not_ready', nonRetryable: false })
  })

  test('is kept within a number of bytes, for the sessions that asked last', async () => {
    const runs = runsOf([toAtoms(['answer', 'answer', 'answer'])])
    const { log, taken, counting } = await scene(runs)
    const [one] = await createContextReader(log, createMemoryBlobs())(cursor(1, 'answer1'))
    const bytes = estimateBytes(one) + 100
    const warm = createContextReader(counting, createMemoryBlobs(), 3 * bytes)
    const ask = async (session: string, activity: string): Promise<number> => {
      taken()
      await warm(cursor(1, activity, session))
      return taken()
    }
    for (const session of ['first', 'second', 'third', 'first', 'one more']) await ask(session, 'answer1')
    // Whoever was known reads what stands behind; the others read all there is.
    expect(await ask('third', 'answer2')).toBe(6)
    expect(await ask('second', 'answer2')).toBe(9)
  })

  test('keeps no more of a trimmed result than the model reads, and asks for its file no more', async () => {
    const long = 'x'.repeat(100_000)
    const memory = createMemoryBlobs()
    const kept = await stow(memory, SESSION, [resultEntry('c1', long)])
    let reads = 0
    const blobs: Pick<BlobStore, 'get'> = {
      get: (...key) => {
        reads += 1
        return memory.get(...key)
      },
    }
    const { source, log } = openLog()
    source.grow(
      ...history(
        started(),
        signaled(message('m1')),
        decided({ type: 'log.mark', id: 'm1' }),
        scheduled('1'),
        completed(4, ...answerEntries({ request: 'r1', calls: [['c1', 'allow']] })),
        scheduled('2'),
        { type: 'completed', scheduled: 6, result: { entries: kept.elements, blobs: kept.blobs } },
        decided({ type: 'log.trimmed', keep_rounds: 0, text: '(left out)' }),
        scheduled('3'),
        decided({ type: 'log.retry', after_ms: 1 }),
        scheduled('4'),
      ),
    )
    const read = createContextReader(log, blobs)
    const third = await read(cursor(1, '3'))
    expect(JSON.stringify(transcript(third))).toContain('"content":[{"type":"text","text":"(left out)"}]')
    expect(JSON.stringify(third)).not.toContain(long)
    expect(reads).toBe(1)
    expect([await read(cursor(1, '4')), reads]).toEqual([third, 1])
    expect(await createContextReader(log, memory)(cursor(1, '4'))).toEqual(third)
  })

  test.each<readonly number[][]>([[[]], [[1]], [[1, 2]]])(
    'has nothing of what a reset gave up, though it was read before, with runs %j in the archive',
    async (kept) => {
      const runs = runsOf([
        [signaled(message('m1')), decided({ type: 'log.mark', id: 'm1' }), scheduled('c1')],
        [...toAtoms(['answer']), scheduled('c2')],
      ])
      const { open, source, archive } = await scene(runs)
      const read = open()
      expect(await read(cursor(2, 'c2'))).toEqual(needed(before(runs, 2, 'c2')))
      const more = [...toAtoms(['answer']), scheduled('c9')]
      const made = resetRun(runs[0] ?? [], { upTo: 3, id: 'run-9', at: NOON + 60_000, more })
      source.grow({ eventId: 99, at: NOON + 60_000, ...ended('reset') })
      source.put('run-9', made)
      await archiveRuns(archive, runs, kept)
      const whole = projectRun(made).items.flatMap(({ says }) => says ?? [])
      expect(await read(cursor(9, 'c9'))).toEqual(needed(whole))
      // And from the run after, with that in the archive too.
      const carried = { ...carriedOver({ run: 99_999, at: NOON + 90_000 }), state: projectRun(made).state }
      const after = [{ ...takenOver('run-10', carried), follows: 'run-9' }, scheduled('c10')]
      source.grow({ eventId: 99, at: NOON + 90_000, ...continued('run-10') })
      source.put(
        'run-10',
        after.map((item, index) => ({ eventId: index + 1, at: NOON + 90_000, ...item })),
      )
      const { run, items } = await copyRun(source, SESSION, 'run-9')
      await archive.write(SESSION, run, items)
      expect(await read(cursor(10, 'c10'))).toEqual(needed(whole))
      expect(await open()(cursor(10, 'c10'))).toEqual(needed(whole))
    },
  )
})
