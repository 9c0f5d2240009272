import type { ModelContentBlock, ModelMessage } from '../wire/types.ts'
import type { Arrival, Entry } from './entry.ts'

/** A finished entry with what its place in the log says: a marked input brings its event along. */
export type LogEntry = Entry | Arrival

type ToolResultBlock = {
  type: 'tool_result'
  tool_use_id: string
  content: { type: 'text'; text: string }[]
  is_error: boolean
}
type UserBlock = Extract<ModelMessage['content'], readonly unknown[]>[number]

/**
 * The log as the Messages API wants it: user inputs at the place where they took effect, assistant blocks as the model
 * gave them, the results of a step together in the order of its calls. Pure and append-only: a longer log gives the
 * same messages with more behind them, so the prompt's prefix stays the same byte for byte.
 */
export function transcript(log: readonly LogEntry[]): readonly ModelMessage[] {
  const messages: ModelMessage[] = []
  const results: Results = new Map()
  const fromClient: Results = new Map()
  const custom = new Set<string>()
  let open: Calls = []
  for (const entry of log) {
    switch (entry.type) {
      case 'log.assistant':
        pushNonEmpty(messages, { role: 'assistant', content: entry.content.filter(isNotBlank) })
        open = entry.calls
        break
      case 'agent.custom_tool_use':
        custom.add(entry.id)
        break
      case 'agent.tool_result':
        keepFirst(results, entry.tool_use_id, toResult(entry))
        break
      case 'user.custom_tool_result':
        if (!results.has(entry.custom_tool_use_id)) keepFirst(fromClient, entry.custom_tool_use_id, toResult(entry))
        break
      case 'user.message':
      case 'system.message':
        pushNonEmpty(messages, { role: 'user', content: entry.content.flatMap(toUserBlock) })
        break
      default:
        break
    }
    const content = open.flatMap(({ id, model_id }): ToolResultBlock[] => {
      const result = (custom.has(id) ? fromClient.get(id) : undefined) ?? results.get(id)
      return result ? [{ ...result, tool_use_id: model_id }] : []
    })
    if (open.length > 0 && content.length === open.length) {
      messages.push({ role: 'user', content })
      open = []
    }
  }
  return messages
}

type Calls = readonly { readonly id: string; readonly model_id: string }[]
type Result = Omit<ToolResultBlock, 'tool_use_id'>
type Results = Map<string, Result>

/** A client's result may stand before the custom call it is for; whatever comes first counts. */
function keepFirst(results: Results, call: string, result: Result): void {
  if (!results.has(call)) results.set(call, result)
}

/** The Messages API takes neither an empty message nor a blank text, not even one that it gave itself. */
function pushNonEmpty(messages: ModelMessage[], message: ModelMessage): void {
  if (message.content.length > 0) messages.push(message)
}

function isNotBlank(block: ModelContentBlock): boolean {
  return block.type !== 'text' || block.text.trim() !== ''
}

function toResult(entry: {
  readonly content?: readonly { readonly type: string }[] | null
  readonly is_error?: boolean | null
}): Result {
  const texts = (entry.content ?? []).flatMap((block) =>
    'text' in block && typeof block.text === 'string' ? [block.text] : [],
  )
  const text = texts.join('\n')
  return {
    type: 'tool_result',
    content: [{ type: 'text', text: text.trim() === '' ? '(no output)' : text }],
    is_error: entry.is_error === true,
  }
}

/** Images and documents are refused at the door until blobs exist, so text is all that can stand here. */
function toUserBlock(block: { readonly type: string }): UserBlock[] {
  return 'text' in block && typeof block.text === 'string' ? [{ type: 'text', text: block.text }] : []
}

/** The text of an answer's blocks, joined; for summaries. */
export function textOf(content: readonly ModelContentBlock[]): string {
  return content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('')
}
