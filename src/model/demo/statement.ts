import type { Fault, Turn, TurnBlock } from './turn.ts'
import { parseObject } from '../json.ts'
import { Refusal } from './refusal.ts'

/** What one line of a program adds to its step. */
export interface Statement {
  readonly blocks?: readonly TurnBlock[]
  readonly faults?: readonly Fault[]
  readonly waitMs?: number
  readonly stop?: Pick<Turn, 'stopReason' | 'explanation'>
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
    case 'SLEEP':
      return { waitMs: readCount(line), ends: false }
    case 'REFUSE':
      return { stop: { stopReason: 'refusal', explanation: rest === '' ? null : rest }, ends: true }
    case 'MAX_TOKENS':
      return { stop: { stopReason: 'max_tokens', explanation: null }, ends: true }
    default:
      return { faults: readFaults(line), ends: false }
  }
}

function readGroup(line: Line, calls: readonly Line[]): Omit<Statement, 'source'> {
  if (calls.length < readCount(line) || calls.some(({ word }) => word !== 'TOOL'))
    fail(line, `${line.rest} TOOL lines must follow`)
  return { blocks: calls.map(readCall), ends: true }
}

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
