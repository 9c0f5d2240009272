import type { JsonObject } from '../json.ts'
import type { DemoBlock } from './block.ts'
import type { DemoMessage } from './conversation.ts'
import { isObject } from '../json.ts'
import { checkCacheControl, readBlocks } from './block.ts'
import { checkConversation, readMessages } from './conversation.ts'
import { Refusal, refuse } from './refusal.ts'
import { checkServedCalls } from './served-calls.ts'
import { checkServerTool } from './server-tool.ts'

/** A request that the API would accept. */
export interface DemoRequest {
  readonly model: string
  readonly stream: boolean
  readonly speed: 'standard' | 'fast' | null
  readonly system: readonly DemoBlock[]
  readonly tools: readonly JsonObject[]
  readonly messages: readonly DemoMessage[]
}

const FIELDS = new Set(
  ['model', 'max_tokens', 'messages', 'system', 'tools', 'tool_choice', 'thinking', 'output_config', 'stream']
    .concat(['cache_control', 'container', 'diagnostics', 'inference_geo', 'metadata', 'service_tier', 'speed'])
    .concat(['stop_sequences', 'temperature', 'top_k', 'top_p']),
)
const MOST_BREAKPOINTS = 4
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,128}$/
const EFFORTS = new Set(['low', 'medium', 'high', 'xhigh', 'max'])

/**
 * Reads a body as the Messages API does. Throws the {@link Refusal} that it answers to what it does not accept.
 * @param betas tokens of `anthropic-beta`.
 */
export function readRequest(body: unknown, betas: readonly string[] = []): DemoRequest {
  if (!isObject(body)) throw new Refusal(400, 'The request body is not a JSON object.')
  const extra = Object.keys(body).find((name) => !FIELDS.has(name))
  if (extra !== undefined) refuse(extra, 'Extra inputs are not permitted')
  const { model, stream = false } = body
  if (typeof model !== 'string' || model === '')
    refuse('model', model === undefined ? 'Field required' : 'Input should be a valid string')
  if (typeof stream !== 'boolean') refuse('stream', 'Input should be a valid boolean')
  const limit = readLimit(body['max_tokens'])
  checkThinking(body['thinking'], limit)
  checkEffort(body['output_config'])
  const speed = readSpeed(body['speed'], model, betas)
  const system = readSystem(body['system'])
  const tools = readTools(body['tools'])
  checkToolChoice(body['tool_choice'], tools)
  const messages = readMessages(body['messages'], model)
  checkConversation(messages, tools.length > 0)
  checkServedCalls(messages, tools)
  checkBreakpoints([...tools, ...system, ...messages.flatMap(({ content }) => content)])
  return { model, stream, speed, system, tools, messages }
}

function readLimit(limit: unknown): number {
  if (limit === undefined) refuse('max_tokens', 'Field required')
  if (typeof limit !== 'number' || !Number.isInteger(limit)) refuse('max_tokens', 'Input should be a valid integer')
  if (limit <= 0) refuse('max_tokens', 'Input should be greater than 0')
  return limit
}

function checkThinking(thinking: unknown, limit: number): void {
  if (thinking === undefined) return
  const { type, budget_tokens: budget } = isObject(thinking) ? thinking : {}
  if (type === 'adaptive' || type === 'disabled' || type === 'between_tools') return
  if (type !== 'enabled')
    refuse('thinking', `Input tag ${JSON.stringify(type)} does not match any of the expected tags`)
  if (typeof budget !== 'number' || budget < 1024)
    refuse('thinking.enabled.budget_tokens', 'Input should be greater than or equal to 1024')
  if (budget >= limit) throw new Refusal(400, '`max_tokens` must be greater than `thinking.budget_tokens`.')
}

function checkEffort(config: unknown): void {
  const effort = isObject(config) ? config['effort'] : undefined
  if (typeof effort === 'string' ? !EFFORTS.has(effort) : effort !== undefined && effort !== null) {
    refuse('output_config.effort', "Input should be 'low', 'medium', 'high', 'xhigh' or 'max'")
  }
}

const FAST = /^claude-(?:(?:fable|mythos)-5-2|opus-(?:4-8|5))\b/
const FAST_IN_PREVIEW = /^claude-opus-(?:4-8|5(?!-5))\b/

function readSpeed(speed: unknown, model: string, betas: readonly string[]): DemoRequest['speed'] {
  if (speed === undefined || speed === null) return null
  if (FAST_IN_PREVIEW.test(model) && !betas.includes('fast-mode-2026-02-01'))
    return refuse('speed', 'Extra inputs are not permitted')
  if (speed === 'fast' && !FAST.test(model)) throw new Refusal(400, `${model} does not support fast mode.`)
  return speed === 'fast' || speed === 'standard' ? speed : refuse('speed', "Input should be 'standard' or 'fast'")
}

function readSystem(system: unknown): readonly DemoBlock[] {
  if (system === undefined) return []
  const blocks = typeof system === 'string' && system === '' ? [] : readBlocks(system, 'system')
  const other = blocks.find(({ type }) => type !== 'text')
  if (other) refuse('system', `Input should be text, not ${other.type}`)
  return blocks
}

function readTools(tools: unknown): readonly JsonObject[] {
  if (tools === undefined) return []
  if (!Array.isArray(tools)) refuse('tools', 'Input should be a valid list')
  const names = new Set<unknown>()
  return tools.map((tool: unknown, index) => {
    const path = `tools.${index}.custom`
    if (!isObject(tool)) refuse(path, 'Input should be an object')
    const { name, input_schema: schema } = tool
    if (typeof name !== 'string' || !TOOL_NAME.test(name))
      refuse(`${path}.name`, `String should match pattern '${TOOL_NAME.source}'`)
    if (names.has(name)) throw new Refusal(400, 'tools: Tool names must be unique.')
    names.add(name)
    const declared = tools.map((each) => (isObject(each) ? each['name'] : undefined))
    if (checkServerTool(tool, `tools.${index}`, declared)) return tool
    if (!isObject(schema))
      refuse(`${path}.input_schema`, schema === undefined ? 'Field required' : 'Input should be an object')
    if (schema['type'] !== 'object') refuse(`${path}.input_schema.type`, "Input should be 'object'")
    return tool
  })
}

function checkToolChoice(choice: unknown, tools: readonly JsonObject[]): void {
  if (choice === undefined) return
  const { type, name } = isObject(choice) ? choice : {}
  if (type !== 'auto' && type !== 'any' && type !== 'tool' && type !== 'none') {
    refuse(
      'tool_choice',
      `Input tag ${JSON.stringify(type)} does not match any of the expected tags: 'auto', 'any', 'tool', 'none'`,
    )
  }
  if (tools.length === 0) throw new Refusal(400, 'tool_choice may only be specified while providing tools.')
  if (type === 'tool' && !tools.some((tool) => tool['name'] === name)) {
    throw new Refusal(400, `Tool '${String(name)}' not found in provided tools`)
  }
}

function checkBreakpoints(blocks: readonly JsonObject[]): void {
  const all = blocks.flatMap((block) => [block, ...nested(block)])
  const marked = all.filter((block) => checkCacheControl(block['cache_control']))
  if (marked.length > MOST_BREAKPOINTS) {
    throw new Refusal(
      400,
      `A maximum of ${MOST_BREAKPOINTS} blocks with cache_control may be provided. Found ${marked.length}.`,
    )
  }
}

function nested({ type, content }: JsonObject): readonly JsonObject[] {
  return type === 'tool_result' && Array.isArray(content) ? content.filter(isObject) : []
}
