import { describe, expect, test } from 'vitest'
import { runDemo } from '../../src/cli/demo.ts'
import type { PresentOptions } from '../../src/cli/present.ts'
import { calls, delta, idle, message, result, says } from './events.ts'
import { startFakeServer } from './fake-server.ts'
import type { FakeStageOptions } from './fake-stage.ts'
import { createFakeStage } from './fake-stage.ts'

const final = says('final', 'All 6 tests pass; shipped once.  Version 1.0.0.')
const shipping = [
  delta('hello', "I'll"),
  says('hello', "I'll start with the tests."),
  calls('write', 'write', { file_path: 'test.sh', content: 'one\ntwo\n' }),
  result('write', 'wrote 8 bytes to test.sh'),
  calls('ship', 'bash', { command: './ship.sh' }),
  message('sevt_sent', 'Also print the version.', null),
  result('ship', 'shipped'),
  message('sevt_sent', 'Also print the version.'),
  final,
  idle(),
]
const listed = shipping.filter((event) => 'processed_at' in event && event.processed_at !== null)
const history = {
  events: listed.map((event) => ('id' in event ? String(event.id) : '')),
  modelCalls: 3,
  repeatedModelCalls: 0,
  attempts: new Map([['ship', 2]]),
}

interface Shown {
  readonly code: number
  readonly lines: readonly string[]
  readonly deeds: readonly string[]
}

async function show(
  { events = shipping, ...world }: Partial<FakeStageOptions> & { events?: readonly object[] } = {},
  options: Partial<PresentOptions> = {},
): Promise<Shown> {
  const { client } = await startFakeServer({ streams: [{ events, then: 'stay' }], listed })
  const { stage, deeds } = createFakeStage({ client, history, ...world })
  const lines: string[] = []
  const print = (line: string): void => void lines.push(line)
  const code = await runDemo({ stage, keep: false, print, downMs: 1, signal: new AbortController().signal, ...options })
  return { code, lines, deeds }
}

describe('the demo', () => {
  test('passes when the worker dies in the middle and all claims hold', async () => {
    const { code, lines, deeds } = await show()
    expect(code).toBe(0)
    expect(deeds).toEqual(['kill 101', 'start 102'])
    const text = lines
      .join('\n')
      .replaceAll(/\d+\.\d s/g, 'N s')
      .replaceAll(/\d+ ms/g, 'N ms')
    expect(text).toContain(
      'setup   Temporal ✓ · Postgres ✓ · sandbox: make-believe\nmodel   scripted, offline\nwatch   http://ui/sesn_1',
    )
    expect(text).toMatch(/^agent {3}I'll start with the tests\. +first word after N ms · no sandbox started yet$/m)
    expect(text).toMatch(/^ {2}write {3}test\.sh +\+2 +sandbox 1 up N ms after the first tool call$/m)
    expect(text).toMatch(/^ {2}✗ kill -9 101 .* N s into \.\/ship\.sh\. Nothing runs the agent now\.$/m)
    expect(text).toMatch(/the command is still running in its sandbox: +4\/8 … 5\/8 …\n/)
    expect(text).toContain('accepted (N ms): stored in Temporal, no worker needed')
    expect(text).toMatch(/✓ worker 102 +took over -?N s after the kill, -?N s after one was let in again/)
    expect(text).toContain(
      '84 events replayed · 0 of 3 model calls repeated · attempt 2 at ./ship.sh, ledger.txt: 1 line',
    )
    expect(text).toMatch(/exit 0 · attempt 2 joined attempt 1 · ledger\.txt: 1 line$/m)
    expect(text).toMatch(/Version 1\.0\.0\. {3}\(your message from during the crash\)$/m)
    expect(text).toMatch(/^compared +Longhand +a plain loop\n {2}ledger\.txt +1 line +2 lines\n {2}model calls +3 +4$/m)
    expect(text).toMatch(/^ {2}lost in the crash +0 of 8 events +2 of 3 messages$/m)
    expect(text).toContain(
      "PASS  8 events in the API = 8 in Temporal's history, 0 lost, 0 doubled · N s, of which N s your command",
    )
    expect(lines.at(-1)).toBe('Look around: npm run demo -- --keep      Use it: npm start')
  })

  test('fails, and says why, when a claim does not hold', async () => {
    const { code, lines } = await show({ ledger: 2 })
    expect(code).toBe(1)
    expect(lines).toContainEqual(expect.stringMatching(/^FAIL {2}8 events/))
    expect(lines).toContain('      ✗ ledger.txt has 2 lines: the command did not run exactly once')
    expect(lines.join('\n')).not.toContain('joined')
  })

  test('fails when the command is never called, and kills nobody', async () => {
    const { code, lines, deeds } = await show({ events: [final, idle()] })
    expect([code, deeds]).toEqual([1, []])
    expect(lines).toContain('      ✗ the worker was never killed: ./ship.sh was not called')
  })

  test('tells of the first message where no preview came', async () => {
    const { lines } = await show({ events: shipping.slice(1) })
    expect(lines.join('\n')).toMatch(/first message after \d+ ms \(no preview came\) · no sandbox started yet$/m)
  })

  test('passes and says so when the plain loop did not do its part', async () => {
    const { code, lines } = await show({ plainLoop: { isEarly: true } })
    expect(code).toBe(0)
    expect(lines).toContainEqual(expect.stringMatching(/^compared {2}not measured, .*: it ended before \.\/ship\.sh/))
  })

  test('fails when a model call was paid twice', async () => {
    const { code, lines } = await show({ modelCalls: 4 })
    expect(code).toBe(1)
    expect(lines).toContain("      ✗ the model's server got 4 requests for 3 model calls")
  })

  test('does not claim that the message was answered when it was not taken up', async () => {
    const events = shipping.filter((event) => event !== listed[5])
    const { lines } = await show({ events })
    expect(lines.join('\n')).not.toContain('your message from during the crash')
  })

  test('fails with one line when the server refuses', async () => {
    const { client } = await startFakeServer({ failures: { 'GET /v1/agents': [500] } })
    const { code, lines } = await show({ client })
    expect(code).toBe(1)
    expect(lines).toContain('FAIL  fake 500 (500, req_1)')
  })

  test('ends with 130 when a person ends it before the verdict', async () => {
    expect((await show({}, { signal: AbortSignal.abort() })).code).toBe(130)
  })

  test('stays up until it is ended when asked to', async () => {
    const stopping = new AbortController()
    const lines: string[] = []
    const print = (line: string): void => {
      lines.push(line)
      if (line.startsWith('Up at')) stopping.abort()
    }
    expect((await show({}, { keep: true, signal: stopping.signal, print })).code).toBe(0)
    expect(lines.at(-1)).toMatch(/^Up at {3}http:\/\/127\.0\.0\.1:\d+ {3}Ctrl\+C ends it\.$/)
  })
})
