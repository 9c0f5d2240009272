import { say, toTurn } from '../../src/model/demo/turn.ts'
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
  /** Words of the answer; 8 if not given. */
  readonly words?: number
  /** All of the answer in one text delta instead of one for each word. */
  readonly whole?: boolean
  /** Milliseconds from one text delta to the next; without pause if not given. */
  readonly gapMs?: number
  /** Milliseconds before each answer's first byte. */
  readonly waitMs?: number
}

/** What is to be sent for one request. */
export interface Task {
  readonly tag: string
  /** Tool rounds that are done. */
  readonly step: number
  readonly turn: Turn
  readonly whole: boolean
  readonly gapMs: number
  readonly waitMs: number
}

const defaultWords = 8
const mark = '#bench '

/** The text of the user message. */
export function toText(directive: Directive): string {
  return mark + JSON.stringify(directive)
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
  const directive = JSON.parse(text.slice(mark.length)) as Directive
  const step = countRounds(blocks.slice(last + 1).map(({ type }) => type))
  const { tag, gapMs = 0, waitMs = 0, whole = false } = directive
  return { tag, step, turn: toStep(directive, step), whole, gapMs, waitMs }
}

function countRounds(types: readonly string[]): number {
  return types.filter((type, index) => type === 'tool_result' && types[index - 1] !== 'tool_result').length
}

function toStep(
  { tools = 0, rounds = 1, tool = 'bash', input = { command: 'true' }, words = defaultWords }: Directive,
  step: number,
): Turn {
  if (tools > 0 && step < rounds)
    return toTurn(Array.from({ length: tools }, () => ({ type: 'tool_use' as const, name: tool, input })))
  return say(toAnswer(words))
}

function toAnswer(words: number): string {
  return Array.from({ length: words }, (_, index) => `word${index}`).join(' ')
}

/** The length of an answer up to the end of each word's delta; a blank belongs to the word before it. */
export function lengthsOf(words = defaultWords): readonly number[] {
  const answer = toAnswer(words)
  return Array.from(answer.matchAll(/\S+\s*/g), ({ index, 0: word }) => index + word.length)
}
