import { say, toTurn } from '../../src/model/demo/turn.ts'
import { isSummaryPrompt } from '../../src/model/harness.ts'
import type { Turn } from '../../src/model/demo/turn.ts'

/** What the model is to do in a turn, written into the user's message. */
export interface Directive {
  /** Names the turn: unique in the run. */
  readonly tag: string
  /** Tool calls of each round, made together; none if not given. */
  readonly tools?: number
  /** Rounds of tool calls before the answer; 1 if there are tools. */
  readonly rounds?: number
  /** The tool, `bash` if not given, and its input, `{"command": "true"}` if not given. */
  readonly tool?: string
  readonly input?: Readonly<Record<string, unknown>>
  /** Words before the tool calls of each round; none if not given. */
  readonly preface?: number
  /** Words of the answer; 8 if not given. */
  readonly words?: number
  /** Characters of the user's message, if it is to be longer than the directive itself, and of the answer, whatever `words` says. */
  readonly length?: number
  /** All of the answer in one text delta instead of one for each word. */
  readonly whole?: boolean
  /** Milliseconds from one text delta to the next; without pause if not given. */
  readonly gapMs?: number
  /** Milliseconds before each answer's first byte. */
  readonly waitMs?: number
  /** That is, before the turn's first answer alone. */
  readonly waitsOnce?: boolean
  /** The usage says how long the request was, four bytes a token; else it is the same for all requests. */
  readonly counted?: boolean
}

/** What is to be sent for one request. */
export interface Task {
  readonly tag: string
  /** Tool rounds that are done, or that a summary of the conversation is asked for. */
  readonly step: Step
  readonly turn: Turn
  readonly whole: boolean
  readonly gapMs: number
  readonly waitMs: number
  readonly counted: boolean
}

export type Step = number | 'summary'

const defaultWords = 8
const mark = '#bench '

/** The text of the user message. */
export function toText(directive: Directive): string {
  const text = mark + JSON.stringify(directive)
  const missing = (directive.length ?? 0) - text.length
  // Behind the directive blanks would do, but they are no text.
  return missing > 0 ? `${text}\n${toLetters(missing - 1)}` : text
}

interface Request {
  readonly messages: readonly { readonly role: string; readonly content: string | readonly Block[] }[]
}
interface Block {
  readonly type: string
  readonly text?: string
}

/** What a request's last directive asks for now. Throws for a conversation without one. */
export function toTask(request: Request): Task {
  const blocks = request.messages.flatMap(({ role, content }) =>
    typeof content === 'string'
      ? [{ role, type: 'text', text: content }]
      : content.map((block) => ({ ...block, role })),
  )
  const last = blocks.findLastIndex(({ role, text }) => role === 'user' && text?.startsWith(mark))
  const text = blocks[last]?.text
  if (text === undefined) throw new Error('the conversation has no directive')
  // Written by `toText`.
  const directive = JSON.parse(text.slice(mark.length).split('\n', 1)[0] ?? '') as Directive
  const isSummary = isSummaryPrompt(blocks.at(-1)?.text ?? '')
  const step = isSummary ? 'summary' : countRounds(blocks.slice(last + 1).map(({ type }) => type))
  const { tag, gapMs = 0, whole = false, counted = false } = directive
  const waitMs = directive.waitsOnce === true && step !== 0 ? 0 : (directive.waitMs ?? 0)
  return { tag, step, turn: toStep(directive, step), whole, gapMs, waitMs, counted }
}

function countRounds(types: readonly string[]): number {
  return types.filter((type, index) => type === 'tool_result' && types[index - 1] !== 'tool_result').length
}

function toStep(directive: Directive, step: Step): Turn {
  const { tools = 0, rounds = 1, tool = 'bash', input = { command: 'true' } } = directive
  const { preface = 0, words = defaultWords, length } = directive
  if (tools > 0 && step !== 'summary' && step < rounds) {
    const before = preface > 0 ? [{ type: 'text' as const, text: toAnswer(preface) }] : []
    return toTurn([
      ...before,
      ...Array.from({ length: tools }, () => ({ type: 'tool_use' as const, name: tool, input })),
    ])
  }
  return say(length === undefined ? toAnswer(words) : toLetters(length))
}

function toAnswer(words: number): string {
  return Array.from({ length: words }, (_, index) => `word${index}`).join(' ')
}

/** So many characters that read like words. */
function toLetters(length: number): string {
  return toAnswer(Math.ceil(length / 5)).slice(0, length)
}

/** The length of an answer up to the end of each word's delta; a blank belongs to the word before it. */
export function lengthsOf(words = defaultWords): readonly number[] {
  const answer = toAnswer(words)
  return Array.from(answer.matchAll(/\S+\s*/g), ({ index, 0: word }) => index + word.length)
}
