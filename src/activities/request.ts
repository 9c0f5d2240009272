import type { Harness } from '../model/harness.ts'
import { forModel } from '../model/harness.ts'
import type { ModelRequest } from '../model/model.ts'
import { offeredTools } from '../session/offer.ts'
import { enabledTools } from '../session/permissions.ts'
import type { ModelMessage, ModelTool, SessionAgent } from '../wire/types.ts'
import type { WebAccess } from '../wire/web-tools.ts'
import { webTools } from '../wire/web-tools.ts'
import type { Workplace } from './prompt.ts'
import { promptOf } from './prompt.ts'

const CACHED = { cache_control: { type: 'ephemeral' } } as const

/** Places in the conversation that a later request is expected to share; with tools and system that makes four. */
const MESSAGE_BREAKPOINTS = 2
const MARKED: ReadonlySet<string> = new Set(['text', 'tool_result', 'image', 'document'])

export interface RequestParts {
  readonly agent: SessionAgent
  readonly harness: Harness
  /** Every built-in tool there is; the agent's settings choose among them. */
  readonly tools: readonly ModelTool[]
  /** What decides about the tools that the model's API runs by itself. */
  readonly web: WebAccess
  /** The tools run on a machine of the user's. */
  readonly selfHosted?: true | undefined
  readonly recipe?: Workplace['recipe']
  readonly messages: readonly ModelMessage[]
}

/**
 * The model request of a step. A pure function of configuration and log: made again, after a crash or on another
 * worker, it is the same request, and a longer log only adds to its end, so the provider's cache keeps its prefix.
 */
export function buildRequest({ agent, harness, tools, web, selfHosted, recipe, messages }: RequestParts): ModelRequest {
  const names = tools.map(({ name }) => name)
  const offered = offeredTools(agent, tools, webTools(agent.tools, web, enabledTools(agent, names)))
  const forbidden = offered.length === 0 ? usedTools(messages) : []
  const declared = [...offered, ...forbidden]
  const { id: model, speed, inference_geo } = agent.model
  const thinking = forModel(harness.thinking, model)
  const effort = effortOf(agent, harness)
  return {
    model,
    max_tokens: forModel(harness.maxOutputTokens, model),
    system: toSystem(promptOf(agent, harness, { networking: web.networking, selfHosted, recipe })),
    tools: declared.map((tool, index) => (index === declared.length - 1 ? { ...tool, ...CACHED } : tool)),
    ...(forbidden.length > 0 ? { tool_choice: { type: 'none' } } : {}),
    messages: withBreakpoints(messages),
    ...(thinking ? { thinking } : {}),
    ...(effort === undefined ? {} : { output_config: { effort } }),
    ...(speed === 'fast' ? { speed } : {}),
    ...(inference_geo === undefined ? {} : { inference_geo }),
  }
}

/** An agent may lose all its tools, and not every back end takes a conversation with calls without a word about those. */
function usedTools(messages: readonly ModelMessage[]): readonly ModelTool[] {
  const calls = messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content))
  const names = new Set(calls.flatMap((block) => (block.type === 'tool_use' ? [block.name] : [])))
  return [...names].map((name) => ({ name, description: 'Not available any more.', input_schema: { type: 'object' } }))
}

/** Models differ in what they do without one, and some refuse any. */
function effortOf({ model: { id, effort } }: SessionAgent, harness: Harness): EffortLevel | undefined {
  const rule = harness.effort ? forModel(harness.effort, id) : 'not high'
  return rule === 'never' || (rule === 'not high' && effort?.type === 'high') ? undefined : effort?.type
}

type EffortLevel = NonNullable<SessionAgent['model']['effort']>['type']

function toSystem(texts: readonly string[]): ModelRequest['system'] {
  const last = texts.length - 1
  return texts.map((text, index) => ({ type: 'text' as const, text, ...(index === last ? CACHED : {}) }))
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
