import type { DemoMessage } from './conversation.ts'
import type { Result } from './results.ts'
import type { Turn, TurnBlock } from './turn.ts'
import { lastUserText, textsOf } from './conversation.ts'
import { call, resultsOf } from './results.ts'
import { SLUG_FIX, SLUG_SH, SLUG_VERSION, TEST_SH, toShipSh } from './shipping-files.ts'
import { say, toTurn } from './turn.ts'

/** One step: what the results before it must be, and the answer to them. */
interface Step {
  readonly expect: (results: readonly Result[]) => boolean
  readonly answer: readonly TurnBlock[]
}

const DEFAULT_UPLOADS = 8

/**
 * The demo's task, from the tests to the shipping: slug.sh, its tests, one fix, `./ship.sh`. A task that has no word of
 * tests is slug.sh and one command. The upload has eight parts of a second each, or as many as the task says by "in n
 * parts". Asked to run the tests again when all is done, it does. Undefined when the task was not given or is over.
 *
 * It goes by what the tools really said: a result that a step does not expect is reported, and that ends the task.
 */
export function answerShipping(messages: readonly DemoMessage[]): Turn | undefined {
  const start = messages.findLastIndex((message) => message.role === 'user' && textsOf(message).some(isTask))
  const task = messages[start]
  if (!task) return undefined
  const since = messages.slice(start + 1)
  const answers = since.filter(({ role }) => role === 'assistant')
  if (answers.some(isFinal)) return answerAfterwards(messages)
  const results = since.slice(since.findLastIndex(({ role }) => role === 'assistant') + 1).flatMap(resultsOf)
  const words = textsOf(task).join('\n')
  const uploads = Number(/\bin (\d+) parts?\b/.exec(words)?.[1] ?? DEFAULT_UPLOADS)
  const isTested = /\btests?\b/.test(words)
  const step = (isTested ? toSteps(uploads) : toShortSteps(uploads))[answers.length]
  const isExpected = step?.expect ?? says(/^shipped\s*$/m)
  if (!isExpected(results)) return say(`I stop here: ${results.map(({ text }) => text).join('\n') || 'no result came'}`)
  if (step) return toTurn(step.answer)
  const isAsked = since.some((message) => message.role === 'user' && textsOf(message).some(asksForVersion))
  const done = isTested ? 'All 6 tests pass; shipped once.' : 'Shipped once.'
  return say(`${done}${isAsked ? `  Version ${SLUG_VERSION}.` : ''}`)
}

/** What the user asks for when all is done. */
function answerAfterwards(messages: readonly DemoMessage[]): Turn | undefined {
  const wish = lastUserText(messages)
  if (asksForVersion(wish)) return say(`Version ${SLUG_VERSION}.`)
  if (!/\btests again\b/.test(wish)) return undefined
  const results = messages.slice(-1).flatMap(resultsOf)
  if (results.length === 0) return toTurn([call('bash', { command: 'cat ledger.txt && sh test.sh' })])
  const told = results.map(({ text }) => text).join('\n')
  const shipped = told.match(/^slug\.sh \d/gm)?.length ?? 0
  if (!/\b6 passed\b/.test(told)) return say(`I stop here: ${told}`)
  return say(`All 6 tests pass again; ${shipped === 1 ? 'still shipped once' : `shipped ${shipped} times`}.`)
}

function toSteps(uploads: number): readonly Step[] {
  return [
    {
      expect: () => true,
      answer: [
        { type: 'text', text: "I'll start with the tests." },
        call('write', { file_path: 'test.sh', content: TEST_SH }),
        call('write', { file_path: 'slug.sh', content: SLUG_SH }),
        call('bash', { command: `cat > ship.sh <<'END'\n${toShipSh(uploads)}END\nchmod +x ship.sh` }),
      ],
    },
    { expect: allWell, answer: [call('bash', { command: 'sh test.sh' })] },
    {
      expect: says(/\b5 passed, 1 failed\b/),
      answer: [{ type: 'text', text: 'Spaces are not folded: normalise first.' }, call('edit', SLUG_FIX)],
    },
    { expect: allWell, answer: [call('bash', { command: 'sh test.sh' })] },
    { expect: says(/\b6 passed\b/), answer: [call('bash', { command: './ship.sh' })] },
  ]
}

/** Without the tests: files, which can be undone, and one command, which cannot. */
function toShortSteps(uploads: number): readonly Step[] {
  return [
    {
      expect: () => true,
      answer: [
        { type: 'text', text: "I'll write both scripts." },
        call('write', { file_path: 'slug.sh', content: SLUG_SH }),
        call('write', { file_path: 'ship.sh', content: toShipSh(uploads) }),
      ],
    },
    {
      expect: allWell,
      answer: [{ type: 'text', text: 'Shipping cannot be undone.' }, call('bash', { command: 'sh ship.sh' })],
    },
  ]
}

function isTask(text: string): boolean {
  return text.includes('slug.sh') && text.includes('ship.sh')
}

function asksForVersion(text: string): boolean {
  return /\bversion\b/i.test(text)
}

function isFinal({ content }: DemoMessage): boolean {
  return content.every(({ type }) => type !== 'tool_use')
}

function allWell(results: readonly Result[]): boolean {
  return results.length > 0 && results.every(({ isError }) => !isError)
}

function says(pattern: RegExp): Step['expect'] {
  return (results) => results.some(({ text }) => pattern.test(text))
}
