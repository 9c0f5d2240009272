import type Anthropic from '@anthropic-ai/sdk'

type SessionEvent = Anthropic.Beta.Sessions.BetaManagedAgentsStreamSessionEvents

const OUTPUT_LINES = 6
const LINE_LENGTH = 110
/** Width of a tool's name. */
const NAME = 6

/**
 * What a person reads of a session's events, one after the other: of each none, one or a few lines. A result that does
 * not follow its call, as among calls of one step, is told under the call's name again.
 */
export function createDescriber(): (event: SessionEvent) => readonly string[] {
  const calls = new Map<string, string>()
  let last = ''
  return (event) => {
    if (event.type === 'agent.tool_use') {
      const line = `  ${event.name.padEnd(NAME)}${oneLine(describeInput(event.input))}`
      calls.set(event.id, line)
      last = event.id
      return [line]
    }
    if (event.type !== 'agent.tool_result') return describeEvent(event)
    const line = calls.get(event.tool_use_id)
    const again = line !== undefined && last !== event.tool_use_id ? [line] : []
    last = event.tool_use_id
    return [...again, ...describeOutput(textOf(event.content ?? []), event.is_error === true)]
  }
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
      return event.stop_reason.type === 'end_turn' ? [] : [`idle    ${event.stop_reason.type}`]
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

/** The part of a tool's input that says most: its command, path or pattern. */
export function describeInput(input: Readonly<Record<string, unknown>>): string {
  const telling = input['command'] ?? input['file_path'] ?? input['pattern']
  return typeof telling === 'string' ? telling : JSON.stringify(input)
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
