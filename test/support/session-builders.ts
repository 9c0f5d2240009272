import { advance, decide } from '../../src/session/decide.ts'
import type { Command } from '../../src/session/decide.ts'
import type { Accounting } from '../../src/session/cost.ts'
import type { Arrival, Entry, Provisioned, ResourceEntry } from '../../src/session/entry.ts'
import { fold, foldArrival } from '../../src/session/fold.ts'
import { Journal } from '../../src/session/journal.ts'
import type { Surroundings } from '../../src/session/journal.ts'
import type { ContextPolicy, Policy } from '../../src/session/policy.ts'
import type { Incoming } from '../../src/session/arrival.ts'
import type { Input, ModelFault } from '../../src/session/settle.ts'
import { settle } from '../../src/session/settle.ts'
import type { Call, LogState } from '../../src/session/state.ts'
import { initialState } from '../../src/session/state.ts'
import type { ModelContentBlock, ModelUsage } from '../../src/wire/types.ts'

export const POLICY: Policy = { harness: 'h1', tries: 3, baseMs: 500, capMs: 1500, toolRounds: 3, steering: 'step' }

/** A cent for a million input tokens, and nothing else costs. */
export const ACCOUNTING: Accounting = { prices: { input: 100, output: 0, cacheWrite: 0, cacheRead: 0 }, hourly: 0 }

/** A window of a thousand tokens: results are trimmed from 500, all is summarised from 800. */
export const CONTEXT: ContextPolicy = {
  window: 1000,
  trimAt: 0.5,
  compactAt: 0.8,
  keepRounds: 1,
  compactionsInARow: 2,
  trimmed: '…',
  longest: 4,
}

export function emptyState(changes: Partial<LogState> = {}): LogState {
  return { ...initialState({ title: null, metadata: {}, configuration: 'cfg_1' }), ...changes }
}

function surroundings(changes: Partial<Surroundings> = {}): Surroundings {
  let minted = 0
  return {
    policy: POLICY,
    threadId: 'sthr_1',
    agentName: 'tester',
    mint: () => `sevt_w${++minted}`,
    worked: () => 0,
    activeSeconds: (before) => before,
    ...changes,
  }
}

export function message(id: string | undefined, text = `text of ${id}`): Incoming & { type: 'user.message' } {
  return { ...(id === undefined ? {} : { id }), type: 'user.message', content: [{ type: 'text', text }] }
}

export function systemMessage(id: string, text = `text of ${id}`): Incoming & { type: 'system.message' } {
  return { id, type: 'system.message', content: [{ type: 'text', text }] }
}

export function interrupt(id: string | undefined): Incoming & { type: 'user.interrupt' } {
  return { ...(id === undefined ? {} : { id }), type: 'user.interrupt' }
}

export function confirm(id: string, call: string, result: 'allow' | 'deny' = 'allow'): Incoming {
  return { id, type: 'user.tool_confirmation', tool_use_id: call, result }
}

export function customResult(id: string, call: string, text = 'from the client'): Incoming {
  return { id, type: 'user.custom_tool_result', custom_tool_use_id: call, content: [{ type: 'text', text }] }
}

export function toolResult(id: string, call: string, text = 'from the worker'): Incoming {
  return { id, type: 'user.tool_result', tool_use_id: call, content: [{ type: 'text', text }] }
}

export function arrived(event: Incoming, signal = 1, index = 0): Input {
  return { type: 'arrived', event, signal, index }
}

/** A call as the tests name it: by id, with what policy says of it, or `custom`. */
export type Asked = readonly [id: string, standing: 'allow' | 'ask' | 'deny' | 'custom']

export interface AnswerParts {
  readonly request: string
  readonly text?: string
  readonly calls?: readonly Asked[]
  /** What every call's input holds beside the call's id. */
  readonly input?: Readonly<Record<string, unknown>>
  readonly stop?: string | null
  readonly explanation?: string
  readonly category?: string
  readonly usage?: Partial<ModelUsage> | undefined
  /** The calls run on a machine of the user's. */
  readonly selfHosted?: true | undefined
}

/** The entries of a model's answer, in the order in which the model activity gives them. */
export function answerEntries(parts: AnswerParts): readonly Entry[] {
  const { request, text, calls = [], stop, explanation, category, usage, selfHosted } = parts
  const inputOf = (of: string) => ({ of, ...parts.input })
  const content: ModelContentBlock[] = [
    ...(text === undefined ? [] : [{ type: 'text' as const, text, citations: null }]),
    ...calls.map(([id, kind]) => ({
      type: 'tool_use' as const,
      id: `toolu_${id}`,
      name: kind === 'custom' ? 'lookup' : 'bash',
      input: inputOf(id),
      caller: { type: 'direct' as const },
    })),
  ]
  return [
    {
      type: 'log.assistant',
      harness: 'h1',
      content,
      stop_reason: stop === undefined ? (calls.length > 0 ? 'tool_use' : 'end_turn') : stop,
      calls: calls.map(([id, kind]) => ({
        id,
        model_id: `toolu_${id}`,
        ...(selfHosted && (kind === 'allow' || kind === 'ask') ? { remote: true } : {}),
      })),
      ...(explanation === undefined ? {} : { explanation }),
      ...(category === undefined ? {} : { category }),
    },
    ...(text === undefined
      ? []
      : [{ type: 'agent.message' as const, id: `${request}-text`, content: [{ type: 'text' as const, text }] }]),
    ...calls.map(([id, kind]): Entry => {
      if (kind === 'custom') return { type: 'agent.custom_tool_use', id, name: 'lookup', input: inputOf(id) }
      return { type: 'agent.tool_use', id, name: 'bash', input: inputOf(id), evaluated_permission: kind }
    }),
    requestEnd({ request, usage }),
  ]
}

/** The entries of a summary, in the order in which the compaction gives them. */
export function summaryEntries(
  { request, text = `summary of ${request}`, usage }: AnswerParts,
  system: readonly string[] = [],
): readonly Entry[] {
  const kept = system.length > 0 ? { system } : {}
  return [
    { type: 'log.summary', harness: 'h1', introduction: 'So far:', text, ...kept },
    { type: 'agent.thread_context_compacted', id: `${request}-compacted` },
    requestEnd({ request, usage }),
  ]
}

/** The end of a model request. */
export function requestEnd({ request, usage }: Pick<AnswerParts, 'request' | 'usage'>, isError = false): Entry {
  const none = { input_tokens: 0, output_tokens: 0, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 }
  return {
    type: 'span.model_request_end',
    id: `${request}-end`,
    model_request_start_id: request,
    is_error: isError,
    model_usage: { ...none, ...usage },
  }
}

export function resultEntry(
  call: string,
  text = `output of ${call}`,
  isError = false,
): Extract<Entry, { type: 'agent.tool_result' }> {
  return {
    type: 'agent.tool_result',
    id: `${call}-result`,
    tool_use_id: call,
    content: [{ type: 'text', text }],
    is_error: isError,
  }
}

export function recorded(...entries: readonly Entry[]): Input {
  return { type: 'recorded', entries }
}

export function modelFailed(fault: Partial<ModelFault> = {}): Input {
  const standard = { error: 'model_overloaded_error', message: 'model: overloaded', retryable: true } as const
  return { type: 'model_failed', fault: { ...standard, ...fault } }
}

export function foldAll(state: LogState, ...entries: readonly Entry[]): LogState {
  return entries.reduce((before, entry) => fold(before, entry), state)
}

/** What came to a session with an id, as its history holds it. */
export function arrive(state: LogState, ...events: readonly object[]): LogState {
  return events.reduce<LogState>((before, event) => foldArrival(before, event as Arrival), state)
}

/** A session under test: passes of the loop without the loop. */
export interface TestSession {
  readonly state: LogState
  /** Settles the inputs in order and goes on; answers what was decided. */
  pass(...inputs: readonly Input[]): readonly Entry[]
  /** The model's answer to the open request. */
  answer(parts?: Omit<AnswerParts, 'request'>): readonly Entry[]
  /** The summary that the open request asks for. */
  summarise(parts?: Omit<AnswerParts, 'request'>): readonly Entry[]
  commands(): readonly Command[]
  /** Ids of the calls that are to run now. */
  executing(): readonly string[]
  call(id: string): Call | undefined
}

export function startSession(changes: Partial<Surroundings> = {}, begin: LogState = emptyState()): TestSession {
  const around = surroundings(changes)
  let state = begin
  const pass = (...inputs: readonly Input[]): readonly Entry[] => {
    const journal = new Journal(state, around)
    for (const input of inputs) settle(journal, input)
    advance(journal)
    state = journal.state
    return journal.entries
  }
  return {
    get state() {
      return state
    },
    pass,
    answer: (parts = {}) =>
      pass(recorded(...answerEntries({ request: state.request ?? 'none', selfHosted: state.selfHosted, ...parts }))),
    summarise: (parts = {}) => pass(recorded(...summaryEntries({ request: state.request ?? 'none', ...parts }))),
    commands: () => decide(state),
    executing: () => decide(state).flatMap((command) => (command.do === 'execute' ? [command.call.id] : [])),
    call: (id) => state.calls.find((call) => call.id === id),
  }
}

/** A session whose model has answered a first message with these calls. */
export function startedWith(
  calls: readonly Asked[],
  changes: Partial<Surroundings> = {},
  begin: LogState = emptyState(),
): TestSession {
  const session = startSession(changes, begin)
  session.pass(arrived(message('m1')))
  session.answer({ calls })
  return session
}

/** Types of entries, with what tells them apart where that matters. */
export function outline(entries: readonly Entry[]): readonly string[] {
  return entries.map((entry) => {
    switch (entry.type) {
      case 'log.mark':
        return `log.mark ${entry.id}${entry.dropped ? ' dropped' : ''}`
      case 'session.error':
        return `session.error ${entry.error.retry_status.type}`
      case 'session.thread_status_idle':
      case 'session.status_idle':
        return `${entry.type} ${stopOf(entry.stop_reason)}`
      case 'log.trimmed':
        return `log.trimmed ${entry.keep_rounds}${entry.longest === undefined ? '' : ' cut'}`
      case 'agent.tool_result':
      case 'user.tool_result':
        return `${entry.type} ${entry.tool_use_id}`
      case 'user.custom_tool_result':
        return `user.custom_tool_result ${entry.custom_tool_use_id}`
      case 'user.tool_confirmation':
        return `user.tool_confirmation ${entry.tool_use_id} ${entry.result}`
      default:
        return entry.type
    }
  })
}

function stopOf(reason: { readonly type: string; readonly event_ids?: readonly string[] }): string {
  return reason.event_ids ? `${reason.type} ${reason.event_ids.join(' ')}` : reason.type
}

/** The texts of the closing results among entries. */
export function closings(entries: readonly Entry[]): readonly string[] {
  return entries.flatMap((entry) =>
    CLOSING.has(entry.type) && 'content' in entry
      ? (entry.content ?? []).map((block) => ('text' in block ? block.text : ''))
      : [],
  )
}

const CLOSING: ReadonlySet<string> = new Set(['agent.tool_result', 'user.tool_result', 'user.custom_tool_result'])

/** The groups of entries that stand together, as {@link outline} spells them. */
export const RUNNING = ['session.status_running', 'session.thread_status_running']
export const RESCHEDULED = ['session.thread_status_rescheduled', 'session.status_rescheduled']
export const TERMINATED = ['session.thread_status_terminated', 'session.status_terminated']

export function idle(reason: string): string[] {
  return [`session.thread_status_idle ${reason}`, 'session.usage', `session.status_idle ${reason}`]
}

/** A file's resource as the log has it. */
export function fileResource(
  id: string,
  changes: Partial<Extract<ResourceEntry, { type: 'file' }>> = {},
): Extract<ResourceEntry, { type: 'file' }> {
  return {
    id,
    type: 'file',
    file_id: `file_${id}`,
    mount_path: `/mnt/session/uploads/${id}`,
    size: 3,
    sha256: 'ab'.repeat(32),
    created_at: '2026-01-02T12:00:00.000Z',
    ...changes,
  }
}

type Repository = Extract<ResourceEntry, { type: 'github_repository' }>

export function repositoryResource(id: string, checkout: Repository['checkout'] = null): Repository {
  return {
    id,
    type: 'github_repository',
    url: `https://github.com/o/${id}`,
    mount_path: `/workspace/${id}`,
    checkout,
    created_at: '2026-01-02T12:00:00.000Z',
  }
}

/** A generation of the main hand, told of by the result beside it. */
export function provisioned(generation: number, changes: Partial<Provisioned> = {}): Provisioned {
  return { type: 'log.provisioned', hand: 'main', generation, provider: 'fake', supplies: 0, told: true, ...changes }
}
