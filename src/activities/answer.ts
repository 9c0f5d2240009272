import type { ModelResponse } from '../model/model.ts'
import type { Entry } from '../session/entry.ts'
import { isCustom } from '../session/offer.ts'
import { beginningOf } from '../session/parts.ts'
import { evaluatePermission } from '../session/permissions.ts'
import { findServed, isServedResult } from '../session/served.ts'
import type { ModelContentBlock, ModelMessage, ModelUsage, SessionAgent } from '../wire/types.ts'
import type { Judged } from './judge.ts'
import { sumUsage, unjudged } from './judge.ts'
import type { Announced } from './preview.ts'
import { toServedEntries } from './served.ts'

export interface AnswerParts {
  readonly agent: SessionAgent
  /** The calls of built-in tools run on a machine of the user's. */
  readonly selfHosted?: true | undefined
  readonly harness: string
  /** Id of the agent's configuration that was asked with. */
  readonly configuration?: string | undefined
  /** Id of the `span.model_request_start` that was answered. */
  readonly request: string
  readonly response: ModelResponse
  /** What was said of the calls under `auto`; absent where there is nobody to say anything. */
  readonly judged?: Judged
  /** Names of the tools that the request offered; a call of any other is denied before any policy is asked. */
  readonly offered: readonly string[]
  /** The conversation that was answered: a call that the model's API carries out may stand there, and its result here. */
  readonly messages: readonly ModelMessage[]
  /** What clients were told of while the answer came: the same events get the same ids. */
  readonly announced: readonly Announced[]
  /** A fresh `sevt_…` id. */
  readonly mint: () => string
}

/**
 * A model's answer as entries of the log: the raw blocks for the model, then what clients see of them in the order of
 * the blocks, with every call's permission evaluated, then the end of the request.
 */
export function toEntries(parts: AnswerParts): readonly Entry[] {
  const { agent, harness, configuration, request, response, offered, messages, judged = unjudged, mint } = parts
  const conversation: readonly ModelMessage[] = [...messages, { role: 'assistant', content: [...response.content] }]
  const announced = [...parts.announced]
  // Nothing is announced out of order; an id that was announced for another type is never used.
  const idFor = (of: Announced['of']): string => (announced[0]?.of === of ? announced.shift()?.id : undefined) ?? mint()
  const served = response.content.filter(isServedResult).length
  const shown: Entry[] = []
  const calls: { id: string; model_id: string; remote?: true }[] = []
  for (const group of groupTexts(response.content)) {
    const [first] = group
    if (first?.type === 'text') {
      const content = group.flatMap((block) =>
        block.type === 'text' ? [{ type: 'text' as const, text: block.text }] : [],
      )
      shown.push({ type: 'agent.message', id: idFor('agent.message'), content })
    } else if (first?.type === 'thinking' || first?.type === 'redacted_thinking') {
      shown.push({ type: 'agent.thinking', id: idFor('agent.thinking') })
    } else if (first?.type === 'tool_use') {
      const id = mint()
      const { name } = first
      const call = { id, name, input: toInput(first.input) }
      if (isCustom(agent, name)) {
        calls.push({ id, model_id: first.id })
        shown.push({ type: 'agent.custom_tool_use', ...call })
        continue
      }
      const judgement = judged.judgements.get(first.id)
      const permission = offered.includes(name) ? evaluatePermission(agent, name, judgement) : NOT_OFFERED
      const isRemote = parts.selfHosted && permission.evaluated_permission !== 'deny'
      calls.push({ id, model_id: first.id, ...(isRemote ? { remote: true } : {}) })
      shown.push({ type: 'agent.tool_use', ...call, ...permission })
    } else if (first && isServedResult(first)) {
      const call = findServed(conversation, first.tool_use_id)
      if (call) shown.push(...toServedEntries({ name: call.name, input: toInput(call.input) }, first, mint))
    }
  }
  return [
    {
      type: 'log.assistant',
      harness,
      content: response.content,
      stop_reason: response.stopReason,
      calls,
      ...(configuration === undefined ? {} : { configuration }),
      ...detailsOf(response),
      ...(response.searches ? { searches: response.searches } : {}),
      ...(judged.usage || served > 0 ? { usage: ownUsage(response, served) } : {}),
    },
    ...shown,
    {
      type: 'span.model_request_end',
      id: mint(),
      model_request_start_id: request,
      is_error: false,
      model_usage: judged.usage ? sumUsage(response.usage, judged.usage) : response.usage,
    },
  ]
}

/**
 * What the last request that the model was asked with took, which says how full its context is. A provider that carries
 * out calls asks again with what came of them, and tells the sum: where it tells no more, a share of that is the least
 * that the last one, the longest of all, can have been.
 */
function ownUsage({ usage, last }: ModelResponse, served: number): ModelUsage {
  if (last) return last
  const share = (count: number): number => Math.floor(count / (served + 1))
  return {
    ...usage,
    input_tokens: share(usage.input_tokens),
    output_tokens: share(usage.output_tokens),
    cache_read_input_tokens: share(usage.cache_read_input_tokens),
    cache_creation_input_tokens: share(usage.cache_creation_input_tokens),
  }
}

/** Why the model refused. Sessions carry it from run to run, so it is as short as what people write. */
function detailsOf({ stopDetails }: ModelResponse): { explanation?: string | null; category?: string } {
  if (!stopDetails) return {}
  const { explanation, category } = stopDetails
  return {
    explanation: explanation && beginningOf(explanation, LONGEST_DETAIL),
    ...(category ? { category: beginningOf(category, LONGEST_DETAIL) } : {}),
  }
}

/** UTF-16 units. */
const LONGEST_DETAIL = 4_000

/** No policy is asked. */
const NOT_OFFERED = { evaluated_permission: 'deny' } as const

/** Neighbouring text blocks are one message; every other block stands for itself. */
function groupTexts(content: readonly ModelContentBlock[]): readonly (readonly ModelContentBlock[])[] {
  const groups: ModelContentBlock[][] = []
  for (const block of content) {
    const last = groups.at(-1)
    if (block.type === 'text' && last?.[0]?.type === 'text') last.push(block)
    else groups.push([block])
  }
  return groups
}

function toInput(input: unknown): { [key: string]: unknown } {
  return typeof input === 'object' && input !== null ? { ...input } : { input }
}
