import type { Harness } from '../model/harness.ts'
import { forModel } from '../model/harness.ts'
import type { ModelRequest } from '../model/model.ts'
import { offeredTools } from '../session/offer.ts'
import type { ModelMessage, ModelTool, SessionAgent } from '../wire/types.ts'

const CACHED = { cache_control: { type: 'ephemeral' } } as const

/** Places in the conversation that a later request is expected to share; with tools and system that makes four. */
const MESSAGE_BREAKPOINTS = 2
const MARKED: ReadonlySet<string> = new Set(['text', 'tool_result', 'image', 'document'])

export interface RequestParts {
  readonly agent: SessionAgent
  readonly harness: Harness
  /** Every built-in tool there is; the agent's settings choose among them. */
  readonly tools: readonly ModelTool[]
  readonly messages: readonly ModelMessage[]
}

/**
 * The model request of a step. A pure function of configuration and log: made again, after a crash or on another
 * worker, it is the same request, and a longer log only adds to its end, so the provider's cache keeps its prefix.
 */
export function buildRequest({ agent, harness, tools, messages }: RequestParts): ModelRequest {
  const offered = offeredTools(agent, tools)
  const { id: model, effort } = agent.model
  const thinking = forModel(harness.thinking, model)
  return {
    model,
    max_tokens: forModel(harness.maxOutputTokens, model),
    system: systemOf(agent, harness),
    tools: offered.map((tool, index) => (index === offered.length - 1 ? { ...tool, ...CACHED } : tool)),
    messages: withBreakpoints(messages),
    ...(thinking ? { thinking } : {}),
    // An effort other than the default is the agent's own choice; models that have none are not sent one.
    ...(effort && effort.type !== 'high' ? { output_config: { effort: effort.type } } : {}),
  }
}

function systemOf(agent: SessionAgent, harness: Harness): ModelRequest['system'] {
  const blocks = [...harness.systemParts, agent.system ?? '']
    .filter((text) => text.trim() !== '')
    .map((text) => ({ type: 'text' as const, text }))
  return blocks.map((block, index) => (index === blocks.length - 1 ? { ...block, ...CACHED } : block))
}

/** Marks the ends of the last user messages: this request's end and the one that the previous step ended with. */
function withBreakpoints(messages: readonly ModelMessage[]): ModelMessage[] {
  const places = messages
    .flatMap((message, index) => (message.role === 'user' ? [index] : []))
    .slice(-MESSAGE_BREAKPOINTS)
  return messages.map((message, index) => {
    if (!places.includes(index) || typeof message.content === 'string') return message
    const last = message.content.at(-1)
    // Whatever stands at the end of a user message takes the mark.
    if (!last || !MARKED.has(last.type)) return message
    return { ...message, content: [...message.content.slice(0, -1), { ...last, ...CACHED }] } as ModelMessage
  })
}
