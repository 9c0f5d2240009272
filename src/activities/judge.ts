import type { Harness, HarnessJudge } from '../model/harness.ts'
import { forModel } from '../model/harness.ts'
import type { Model, ModelRequest, ModelResponse } from '../model/model.ts'
import { ModelFailure } from '../model/model.ts'
import type { Judgement } from '../session/permissions.ts'
import { isJudged } from '../session/permissions.ts'
import type { ModelContentBlock, ModelUsage, SessionAgent } from '../wire/types.ts'
import { isFailure } from './failures.ts'

type ModelCall = Extract<ModelContentBlock, { type: 'tool_use' }>

export interface Judging {
  readonly agent: SessionAgent
  readonly harness: Harness
  /** The calls run on a machine of the user's. */
  readonly selfHosted?: true | undefined
  /** The model's answer, and the names of the tools that it was offered. */
  readonly content: readonly ModelContentBlock[]
  readonly offered: readonly string[]
  /** Reads what the user wrote to the agent, oldest first; asked when there is anything to judge. */
  readonly heard: () => Promise<readonly string[]>
  /** Ends the request; the judgement then rejects with the signal's reason. */
  readonly signal: AbortSignal
}

export interface Judged {
  /** By the model's own ids of the calls. A call that is missing has no judgement: a person is asked. */
  readonly judgements: ReadonlyMap<string, Judgement>
  /** Of the request, if one was made: all of it, or what had been counted when it broke off. */
  readonly usage: ModelUsage | null
}

/** Characters of JSON; a longer call cannot be shown whole, and what is not shown is not judged. */
const LONGEST_CALL = 64 * 1024
/** Of an answer in which nothing is to be judged, and of a judge who says nothing. */
export const unjudged: Judged = { judgements: new Map(), usage: null }

/**
 * Judges the calls under the policy `auto` in a request of its own, which sees the user's messages and the calls alone:
 * nothing that a tool or another agent said can speak for the user. Whatever goes wrong is no judgement; where a bill
 * is open no person is asked either, and the calls are denied.
 */
export async function judgeCalls(model: Model, judging: Judging): Promise<Judged> {
  const { agent, harness, selfHosted, content, offered, heard, signal } = judging
  const calls = content
    .filter((block) => block.type === 'tool_use')
    .filter(({ name }) => offered.includes(name) && isJudged(agent, name))
    .filter((call) => toLine(call).length <= LONGEST_CALL)
  if (calls.length === 0 || !harness.judge) return unjudged
  try {
    const request = toRequest(harness.judge, { agent, harness, selfHosted, heard: await heard(), calls })
    const response = await askInTime(model, request, { signal, timeoutMs: harness.judge.timeoutMs })
    return { judgements: readVerdicts(response, calls), usage: response.usage }
  } catch (error) {
    if (signal.aborted) throw error
    if (error instanceof ModelFailure) {
      return { judgements: error.kind === 'billing' ? denyAll(calls) : new Map(), usage: error.usage ?? null }
    }
    // The answer whose calls these are is paid for, and nobody outlasts this store.
    if (isFailure(error, 'store_away')) return unjudged
    throw error
  }
}

/** The end of the time is a failure of the model, which tells what was counted until then. */
async function askInTime(
  model: Model,
  request: ModelRequest,
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<ModelResponse> {
  const ending = new AbortController()
  const timer = setTimeout(() => {
    const message = `the judge has not answered within ${timeoutMs / 1000} s`
    ending.abort(new ModelFailure({ kind: 'unreachable', retryable: true, message }))
  }, timeoutMs)
  try {
    return await model.request(request, { signal: AbortSignal.any([signal, ending.signal]) })
  } finally {
    clearTimeout(timer)
  }
}

/** The usage of two requests as if they were one. */
export function sumUsage(one: ModelUsage, other: ModelUsage): ModelUsage {
  return {
    ...one,
    input_tokens: one.input_tokens + other.input_tokens,
    output_tokens: one.output_tokens + other.output_tokens,
    cache_read_input_tokens: one.cache_read_input_tokens + other.cache_read_input_tokens,
    cache_creation_input_tokens: one.cache_creation_input_tokens + other.cache_creation_input_tokens,
  }
}

interface Case extends Pick<Judging, 'agent' | 'harness' | 'selfHosted'> {
  readonly heard: readonly string[]
  readonly calls: readonly ModelCall[]
}

function toRequest(
  { prompt, model: table, maxTokens }: HarnessJudge,
  { agent, harness, selfHosted, heard, calls }: Case,
): ModelRequest {
  const text = (title: string, lines: readonly string[]) => ({
    type: 'text' as const,
    text: [title, ...lines.map((line, index) => `${index + 1}: ${line}`)].join('\n'),
  })
  const told = text(
    'What the user wrote:',
    heard.map((words) => JSON.stringify(words)),
  )
  const { id, speed, inference_geo } = agent.model
  const model = forModel(table, id) ?? id
  return {
    model,
    max_tokens: maxTokens,
    system: [prompt, ...(selfHosted && harness.remote ? [harness.remote.judge] : [])].map(toText),
    tools: [],
    messages: [{ role: 'user', content: [told, text('The calls:', calls.map(toLine))] }],
    // Models that always think would else think a small answer away.
    ...(harness.effort && forModel(harness.effort, model) === 'always' ? { output_config: { effort: 'low' } } : {}),
    ...(speed === 'fast' && model === id ? { speed } : {}),
    ...(inference_geo === undefined ? {} : { inference_geo }),
  }
}

function toText(text: string): { type: 'text'; text: string } {
  return { type: 'text', text }
}

/** On one line: JSON has no line breaks of its own. */
function toLine({ name, input }: ModelCall): string {
  return JSON.stringify({ tool: name, input })
}

/** What an answer that came to its end says of each call; twice and differently is not at all. */
function readVerdicts({ content, stopReason }: ModelResponse, calls: readonly ModelCall[]): Judged['judgements'] {
  const words = content.flatMap((block) => (block.type === 'text' ? block.text.split('\n') : []))
  const verdicts = words.flatMap((line) => {
    const [, number, word] = /^\s*(\d{1,4}): ?(ALLOW|DENY|ASK)\s*$/.exec(line) ?? []
    return number !== undefined && word !== undefined ? [{ index: Number(number) - 1, word }] : []
  })
  const judgements = new Map<string, Judgement>()
  if (stopReason !== 'end_turn') return judgements
  for (const [index, { id }] of calls.entries()) {
    const said = new Set(verdicts.filter((verdict) => verdict.index === index).map(({ word }) => word))
    if (said.size !== 1) continue
    if (said.has('ALLOW')) judgements.set(id, { type: 'allow' })
    if (said.has('DENY')) judgements.set(id, { type: 'deny', reason_code: 'high_risk' })
  }
  return judgements
}

function denyAll(calls: readonly ModelCall[]): Judged['judgements'] {
  return new Map(calls.map(({ id }) => [id, { type: 'deny', reason_code: 'indeterminate' }]))
}
