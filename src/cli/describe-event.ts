import type Anthropic from '@anthropic-ai/sdk'
import { findSubject } from './describe-call.ts'

type SessionEvent = Anthropic.Beta.Sessions.BetaManagedAgentsStreamSessionEvents
type ToolUse = Extract<SessionEvent, { type: 'agent.tool_use' }>
type ToolResult = Extract<SessionEvent, { type: 'agent.tool_result' }>
type Confirmation = Extract<SessionEvent, { type: 'user.tool_confirmation' }>

const OUTPUT_LINES = 6
const LINE_LENGTH = 110
/** Width of a tool's name, without the blank behind it. */
const NAME = 5

/**
 * What a person reads of a session's events, one after the other: of each none, one or a few lines. A result that does
 * not follow its call, as among calls of one step, is told under the call's name again. A call that has to be allowed is
 * not told before somebody does or its result is there: until then it is for the one who decides to see all of it.
 */
export function createDescriber(): (event: SessionEvent) => readonly string[] {
  const calls = new Map<string, string>()
  const verdicts = new Map<string, Confirmation['result']>()
  let last = ''
  function tellResult(call: string, { content, is_error }: Pick<ToolResult, 'content' | 'is_error'>): string[] {
    // Its text is the denial's, which was told.
    if (verdicts.get(call) === 'deny') return []
    const line = calls.get(call)
    const again = line !== undefined && last !== call ? [line] : []
    last = call
    return [...again, ...describeOutput(textOf(content ?? []), is_error === true)]
  }
  return (event) => {
    switch (event.type) {
      case 'agent.tool_use':
      case 'agent.custom_tool_use': {
        const line = toCall(event)
        calls.set(event.id, line)
        if (event.type === 'agent.tool_use' && event.evaluated_permission === 'ask') return []
        last = event.id
        return [line]
      }
      case 'user.tool_confirmation':
        // Of two at once the first one counts.
        if (verdicts.has(event.tool_use_id)) return []
        verdicts.set(event.tool_use_id, event.result)
        last = event.tool_use_id
        return describeConfirmation(event, calls.get(event.tool_use_id) ?? event.tool_use_id)
      case 'agent.tool_result':
        return tellResult(event.tool_use_id, event)
      case 'user.custom_tool_result':
        return tellResult(event.custom_tool_use_id, event)
      case 'user.tool_result':
        return tellResult(event.tool_use_id, event)
      default:
        return describeEvent(event)
    }
  }
}

/** A call as one line. */
function toCall({ name, input }: Pick<ToolUse, 'name' | 'input'>): string {
  return `  ${oneLine(name).padEnd(NAME)} ${oneLine(describeInput(input))}`
}

function describeConfirmation({ result, deny_message: note }: Confirmation, call: string): readonly string[] {
  const said = `you     ${result === 'allow' ? 'allowed' : 'denied'} ${call.trimStart()}`
  return note ? [said, `        because: ${oneLine(note)}`] : [said]
}

function describeEvent(event: SessionEvent): readonly string[] {
  switch (event.type) {
    case 'user.message':
      return event.processed_at ? [`you     ${oneLine(textOf(event.content))}`] : []
    case 'agent.message':
      return textOf(event.content)
        .split('\n')
        .map((line, index) => `${index === 0 ? 'agent   ' : '        '}${line}`.trimEnd())
    case 'session.error':
      return [`error   ${event.error.message} (${event.error.retry_status.type})`]
    case 'session.status_idle':
      // What it waits for is told where it is asked.
      return ['end_turn', 'requires_action'].includes(event.stop_reason.type)
        ? []
        : [`idle    ${event.stop_reason.type}`]
    case 'session.status_terminated':
      return ['ended   the session is terminated']
    case 'session.deleted':
      return ['ended   the session is deleted']
    default:
      return []
  }
}

/** The texts of content blocks, joined. */
export function textOf(content: readonly { readonly type: string }[]): string {
  return content.flatMap((block) => ('text' in block && typeof block.text === 'string' ? [block.text] : [])).join('\n')
}

/** The part of a tool's input that says most, such as its command; all of it where no part does. */
export function describeInput(input: Readonly<Record<string, unknown>>): string {
  const subject = findSubject(input)
  return subject === undefined ? JSON.stringify(input) : String(input[subject])
}

function describeOutput(text: string, isError: boolean): readonly string[] {
  const lines = text.trimEnd().split('\n')
  const cut = lines.length > OUTPUT_LINES ? [`        … ${lines.length - OUTPUT_LINES} lines before`] : []
  const shown = lines.slice(-OUTPUT_LINES).map((line) => `        ${oneLine(line)}`)
  // A command's exit code is the last line of its result and says it already.
  const isTold = /^exit \d+$/.test(lines.at(-1) ?? '')
  return [...cut, ...shown, ...(isError && !isTold ? ['        ✗ the tool failed'] : [])]
}

/** A text as one line of limited length: blanks as one, control characters as nothing, so that no output can play with the terminal. */
export function oneLine(text: string): string {
  const line = text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\p{Cc}/gu, '')
    .trim()
  return line.length > LINE_LENGTH ? `${line.slice(0, LINE_LENGTH - 1)}…` : line
}
