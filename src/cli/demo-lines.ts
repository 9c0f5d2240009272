import type Anthropic from '@anthropic-ai/sdk'
import { describeInput, textOf } from './describe-event.ts'

type Events = Anthropic.Beta.Sessions.BetaManagedAgentsSessionEvent
type ToolUse = Pick<Extract<Events, { type: 'agent.tool_use' }>, 'name' | 'input'>
type ToolResult = Pick<Extract<Events, { type: 'agent.tool_result' }>, 'content' | 'is_error'>

/** Columns where a line's subject, its outcome and a remark beside it begin. */
const SUBJECT = 8
const OUTCOME = 35
const REMARK = 58

/** A line of the demo: who, what, and beside it what is remarkable. */
export function toLine(who: string, what: string, remark = ''): string {
  const line = who.padEnd(SUBJECT) + what
  return remark === '' ? line : `${line.padEnd(REMARK - 2)}  ${remark}`
}

/** A tool call in columns: its name, what it works on, what came of it. */
export function toCallLine({ name, input }: ToolUse, outcome: string, remark = ''): string {
  const subject = describeInput(input).split('\n')[0] ?? ''
  const what = `${`  ${name}`.padEnd(SUBJECT + 2)}${subject.slice(0, OUTCOME - SUBJECT - 4)}`
  const line = outcome === '' ? what : `${what.padEnd(OUTCOME)}${outcome}`
  return remark === '' ? line : `${line.padEnd(REMARK - 2)}  ${remark}`
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

/** What came of a call, in a few words: the lines that a change brings and takes, or a command's exit code and last line. */
export function describeOutcome({ input }: ToolUse, { content, is_error }: ToolResult): string {
  const lines = textOf(content ?? [])
    .trimEnd()
    .split('\n')
  const code = is_error ? /^exit (\d+)$/.exec(lines.at(-1) ?? '')?.[1] : '0'
  const said = (is_error && code !== undefined ? lines.at(-2) : lines.at(-1)) ?? ''
  if (input['command'] === undefined && !is_error) return changeOf(input)
  const ending = code === undefined ? 'failed' : `exit ${code}`
  return said === '' || said === '(no output)' ? ending : `${ending} · ${said.slice(0, 60)}`
}

/** Lines that a write or an edit brings and takes; empty for what changes nothing. */
function changeOf({ content, old_string: before, new_string: after }: ToolUse['input']): string {
  if (typeof content === 'string') return `+${countLines(content)}`
  if (typeof before === 'string' && typeof after === 'string') return `+${countLines(after)} −${countLines(before)}`
  return ''
}

function countLines(text: string): number {
  return text === '' ? 0 : text.trimEnd().split('\n').length
}
