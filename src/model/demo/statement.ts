import type { Fault, Turn, TurnBlock } from './turn.ts'
import { parseObject } from '../json.ts'
import { Refusal } from './refusal.ts'

/** What one line of a program adds to its step. */
export interface Statement {
  readonly blocks?: readonly TurnBlock[]
  readonly faults?: readonly Fault[]
  readonly waitMs?: number
  readonly stop?: Pick<Turn, 'stopReason' | 'explanation' | 'category'>
  /** Its lines, from which it can be read again. */
  readonly source: string
  /** Whether the step ends behind it. */
  readonly ends: boolean
}

interface Line {
  readonly word: string
  readonly rest: string
  readonly number: number
}

/** Reads a program; the language is described in program.ts. Throws a refusal that names the line. */
export function readProgram(text: string): { isNow: boolean; statements: readonly Statement[] } {
  const [head = '', ...body] = text.split('\n')
  const lines = body
    .map((line, index): Line => {
      const [word = '', ...rest] = line.trim().split(' ')
      return { word, rest: rest.join(' ').trim(), number: index + 2 }
    })
    .filter(({ word }) => word !== '' && word !== '#')
  const statements: Statement[] = []
  for (let next = lines.shift(); next; next = lines.shift()) {
    const calls = next.word === 'PARALLEL' ? lines.splice(0, readCount(next)) : []
    const read = next.word === 'PARALLEL' ? readGroup(next, calls) : readStatement(next)
    statements.push({ ...read, source: [next, ...calls].map(({ word, rest }) => `${word} ${rest}`).join('\n') })
  }
  return { isNow: /^#program now\s*$/.test(head), statements }
}

function readStatement(line: Line): Omit<Statement, 'source'> {
  const { word, rest } = line
  switch (word) {
    case 'SAY':
      return { blocks: [{ type: 'text', text: readText(line) }], ends: false }
    case 'THINK':
      return { blocks: [{ type: 'thinking', thinking: readText(line) }], ends: false }
    case 'TOOL':
      return { blocks: [readCall(line)], ends: true }
    case 'SEARCH':
      return { blocks: [{ ...SERVED, name: 'web_search', input: { query: readText(line) } }], ends: false }
    case 'FETCH':
      return { blocks: [{ ...SERVED, name: 'web_fetch', input: { url: readText(line) } }], ends: false }
    case 'SLEEP':
      return { waitMs: readCount(line), ends: false }
    case 'REFUSE':
      return { stop: readRefusal(rest), ends: true }
    case 'FULL':
      return { stop: { stopReason: 'model_context_window_exceeded', explanation: null }, ends: true }
    case 'PAUSE':
      return { stop: { stopReason: 'pause_turn', explanation: null }, ends: true }
    case 'MAX_TOKENS':
      return { stop: { stopReason: 'max_tokens', explanation: null }, ends: true }
    default:
      return { faults: readFaults(line), ends: false }
  }
}

function readRefusal(rest: string): NonNullable<Statement['stop']> {
  const category = CATEGORIES.find((name) => rest.startsWith(`category=${name}`)) ?? null
  const words = rest.replace(/^category=\S+ ?/, '')
  return { stopReason: 'refusal', explanation: words === '' ? null : words, category }
}

const CATEGORIES = ['cyber', 'bio', 'frontier_llm', 'reasoning_extraction', 'general_harms'] as const

function readGroup(line: Line, calls: readonly Line[]): Omit<Statement, 'source'> {
  if (calls.length < readCount(line) || calls.some(({ word }) => !CALLS.has(word)))
    fail(line, `${line.rest} TOOL lines must follow`)
  const blocks = calls.flatMap((call) => readStatement(call).blocks ?? [])
  // Beside calls of the client's tools, the API leaves its own until those are done.
  return {
    blocks: blocks.map((block) => (block.type === 'server_tool_use' ? { ...block, isLeft: true } : block)),
    ends: true,
  }
}

const CALLS: ReadonlySet<string> = new Set(['TOOL', 'SEARCH', 'FETCH'])
const SERVED = { type: 'server_tool_use', isLeft: false } as const

function readCall(line: Line): TurnBlock {
  const [name = '', ...json] = line.rest.split(' ')
  const input = json.length === 0 ? {} : parseObject(json.join(' '))
  if (name === '' || !input) return fail(line, 'expected a name and a JSON object')
  return { type: 'tool_use', name, input }
}

function readFaults(line: Line): readonly Fault[] {
  const words = line.rest.split(' ').filter((word) => word !== '')
  const times = words.map((word) => /^x(\d{1,3})$/.exec(word)?.[1]).find((count) => count !== undefined) ?? '1'
  const retryAfter = words.find((word) => word.startsWith('retry-after='))?.slice('retry-after='.length)
  const fault = readFault(line, { first: words[0] ?? '', retryAfter })
  return Array.from({ length: Number(times) }, () => fault)
}

function readFault(line: Line, { first, retryAfter }: { first: string; retryAfter: string | undefined }): Fault {
  switch (line.word) {
    case 'FAIL':
      if (!/^[45]\d\d$/.test(first)) fail(line, 'expected a status')
      return { do: 'status', status: Number(first), ...(retryAfter === undefined ? {} : { retryAfter }) }
    case 'ERROR':
      return first === '' ? fail(line, 'expected a type of error') : { do: 'error', type: first }
    case 'GARBAGE':
      return { do: 'garbage' }
    case 'CUT':
      return { do: 'cut' }
    case 'STALL':
      return { do: 'stall' }
    default:
      return fail(line, 'unknown word')
  }
}

function readText(line: Line): string {
  if (line.rest === '') fail(line, 'expected a text')
  if (!line.rest.startsWith('"')) return line.rest
  const text = parseObject(`{"text":${line.rest}}`)?.['text']
  return typeof text === 'string' ? text : fail(line, 'expected a JSON string')
}

function readCount(line: Line): number {
  return /^\d{1,7}$/.test(line.rest) ? Number(line.rest) : fail(line, 'expected a number')
}

function fail({ number, word }: Line, message: string): never {
  throw new Refusal(400, `program, line ${number}, ${word}: ${message}`)
}
