import type { ModelContentBlock, ModelMessage } from '../wire/types.ts'

/** A call that the model's API carries out by itself. */
type ServedCall = Extract<ModelContentBlock, { type: 'server_tool_use' }>
/** What came of one: it names the call, which stands before it, in the same answer or in one before. */
export type ServedResult = Extract<ModelContentBlock, { type: 'web_search_tool_result' | 'web_fetch_tool_result' }>

const RESULTS = {
  web_search: 'web_search_tool_result',
  web_fetch: 'web_fetch_tool_result',
} as const satisfies Partial<Record<ServedCall['name'], ServedResult['type']>>

/** Nothing but the model's API makes blocks of these types. */
export function isServedResult(block: { readonly type: string }): block is ServedResult {
  return block.type === RESULTS.web_search || block.type === RESULTS.web_fetch
}

/** A result that says that there is none. */
export function unavailable(type: ServedResult['type'], call: string): ServedResult {
  const caller = { type: 'direct' } as const
  if (type === RESULTS.web_search) {
    return { type, tool_use_id: call, content: { type: `${type}_error`, error_code: 'unavailable' }, caller }
  }
  return { type, tool_use_id: call, content: { type: `${type}_error`, error_code: 'unavailable' }, caller }
}

/**
 * A conversation as the model's API goes on with it. An answer may stop behind such a call, or leave it until the client's
 * own calls are done: the next answer then begins with the result, if nothing but the results of those calls comes
 * before. Where something else does, the call gets a result that says that there is none, without which every later
 * request would be refused.
 */
export function settleServed(messages: readonly ModelMessage[]): readonly ModelMessage[] {
  const blocks = answersIn(messages)
  const done = new Set(blocks.filter(isServedResult).map((block) => block.tool_use_id))
  if (blocks.every((block) => block.type !== 'server_tool_use' || done.has(block.id))) return messages
  return messages.flatMap((message, index) => {
    const open = answersIn([message]).flatMap((block) =>
      block.type === 'server_tool_use' && !done.has(block.id) ? giveUp(block) : [],
    )
    if (open.length === 0 || messages.slice(index + 1).every(holdsResultsAlone)) return [message]
    return [message, { role: 'assistant', content: open }]
  })
}

function giveUp({ id, name }: ServedCall): ModelContentBlock[] {
  return name === 'web_search' || name === 'web_fetch' ? [unavailable(RESULTS[name], id)] : []
}

function holdsResultsAlone({ role, content }: ModelMessage): boolean {
  return role === 'user' && typeof content !== 'string' && content.every(({ type }) => type === 'tool_result')
}

/** The call that a result is of, wherever in the conversation it stands. */
export function findServed(messages: readonly ModelMessage[], id: string): ServedCall | undefined {
  return answersIn(messages).find((block) => block.type === 'server_tool_use' && block.id === id) as
    | ServedCall
    | undefined
}

/** The model's own blocks, which are sent back as they came. */
function answersIn(messages: readonly ModelMessage[]): readonly ModelContentBlock[] {
  return messages.flatMap(({ role, content }) =>
    role === 'assistant' && typeof content !== 'string' ? (content as readonly ModelContentBlock[]) : [],
  )
}
