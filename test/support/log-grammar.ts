import type { SessionEvent } from '../../src/wire/types.ts'

/**
 * `stream`: everything as it was shown, inputs twice (queued, then processed).
 * `list`: the finished events in log order and then the queue, every event once.
 */
export type LogForm = 'stream' | 'list'

/** What is known of a session beside its log. */
export interface Session {
  /** Clients run the calls of its toolset. */
  readonly selfHosted?: true | undefined
}

type Status = 'idle' | 'running' | 'rescheduling' | 'terminated' | 'deleted'

interface Reader {
  status: Status
  /** Types that must follow directly, nothing in between. */
  next: string[]
  /** Why the session is idle; what a group of idle events repeats. */
  stop: string | null
  request: string | null
  readonly selfHosted: boolean
  /** Calls without a result; `custom` and `remote` ones may be closed by the client. */
  readonly open: Map<string, 'call' | 'asked' | 'answered' | 'custom' | 'remote'>
  /** Calls with a result, and whether a closing result may still follow a client's own. */
  readonly closed: Map<string, 'final' | 'by client'>
  /** Calls that a client confirmed, by what it said first, or settled; both may come before the call itself. */
  readonly confirmed: Map<string, 'allow' | 'deny'>
  readonly settled: Set<string>
  readonly returned: Set<string>
  readonly queued: Set<string>
  readonly ids: Set<string>
  /** What an interrupt at `requires_action` owes: an idle group that says that the turn is over. */
  owesIdle: boolean
  isRetrying: boolean
  at: string
}

const QUEUED = new Set(['user.message', 'user.interrupt', 'system.message'])
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  'session.status_running': ['session.thread_status_running'],
  'session.thread_status_idle': ['session.usage', 'session.status_idle'],
  'session.thread_status_rescheduled': ['session.status_rescheduled'],
  'session.thread_status_terminated': ['session.status_terminated'],
}
const AGENT = new Set([
  'agent.message',
  'agent.thinking',
  'agent.tool_use',
  'agent.custom_tool_use',
  'agent.thread_context_compacted',
])

/**
 * What of a session's log breaks the order that clients rely on: one sentence per fault, none for a sound log. Knows a
 * session with one thread; types that it does not know may stand anywhere but inside a group.
 */
export function faultsOfLog(
  events: readonly SessionEvent[],
  form: LogForm,
  { selfHosted }: Session = {},
): readonly string[] {
  const faults: string[] = []
  const reader: Reader = {
    status: 'idle',
    next: [],
    stop: null,
    request: null,
    selfHosted: selfHosted === true,
    open: new Map(),
    closed: new Map(),
    confirmed: new Map(),
    settled: new Set(),
    returned: new Set(),
    queued: new Set(),
    ids: new Set(),
    owesIdle: false,
    isRetrying: false,
    at: '',
  }
  for (const [index, event] of events.entries()) {
    const tell = (fault: string): void => void faults.push(`[${index}] ${event.type} ${event.id}: ${fault}`)
    readGroup(reader, event, tell)
    readIdentity(reader, event, { form, tell })
    if (event.processed_at === null) continue
    if (reader.status === 'deleted') tell('after session.deleted')
    readStatus(reader, event, tell)
    readWork(reader, event, tell)
    reader.next.push(...(GROUPS[event.type] ?? []))
  }
  if (reader.next.length > 0) faults.push(`at the end: expected ${reader.next[0]}`)
  return faults
}

type Tell = (fault: string) => void

/** Inside a group only its own next member may stand. */
function readGroup(reader: Reader, event: SessionEvent, tell: Tell): void {
  const expected = reader.next[0]
  if (expected === undefined || event.type === expected) return
  tell(`expected ${expected}`)
  reader.next = []
}

function readIdentity(reader: Reader, event: SessionEvent, { form, tell }: { form: LogForm; tell: Tell }): void {
  if (event.processed_at === null || event.processed_at === undefined) {
    if (!QUEUED.has(event.type)) tell('has no time')
    if (reader.ids.has(event.id)) tell('shown as queued twice, or after it was processed')
    reader.ids.add(event.id)
    reader.queued.add(event.id)
    return
  }
  if (form === 'list' && reader.queued.size > 0) tell('a finished event behind the queue')
  const isEcho = reader.queued.delete(event.id)
  if (reader.ids.has(event.id) && !isEcho) tell('its id was there before')
  if (form === 'stream' && QUEUED.has(event.type) && !isEcho) tell('processed without having been shown as queued')
  reader.ids.add(event.id)
  if (event.processed_at < reader.at) tell(`at ${event.processed_at}, before ${reader.at}`)
  reader.at = event.processed_at
}

function readStatus(reader: Reader, event: SessionEvent, tell: Tell): void {
  const { status, open } = reader
  const isUser = QUEUED.has(event.type) || event.type.startsWith('user.')
  if (status === 'terminated' && !isUser && event.type !== 'session.deleted') tell('after the end of the session')
  if (reader.isRetrying && event.type !== 'session.thread_status_rescheduled') tell('expected the rescheduled pair')
  reader.isRetrying = false
  switch (event.type) {
    case 'session.status_running':
      if (status === 'running') tell('runs already')
      if (reader.owesIdle) tell('an interrupt has not been followed by idle')
      if (reader.stop === 'requires_action' && [...open.values()].some(isWaiting))
        tell('calls still wait for the client')
      reader.status = 'running'
      return
    case 'session.thread_status_running':
      if (reader.next.shift() === undefined) tell('without session.status_running')
      return
    case 'session.thread_status_idle':
      return readIdle(reader, event, tell)
    case 'session.usage':
      if (reader.next.shift() === undefined) tell('without session.thread_status_idle')
      return
    case 'session.status_idle':
      if (reader.next.shift() === undefined) tell('without session.thread_status_idle and session.usage')
      if (event.stop_reason.type !== reader.stop && !isEndedAtBudget(event, reader))
        tell(`says ${event.stop_reason.type}, the thread said ${reader.stop}`)
      reader.stop = event.stop_reason.type
      reader.status = 'idle'
      return
    case 'session.thread_status_rescheduled':
      if (status !== 'running') tell(`while ${status}`)
      return
    case 'session.status_rescheduled':
      if (reader.next.shift() === undefined) tell('without session.thread_status_rescheduled')
      reader.status = 'rescheduling'
      return
    case 'session.status_terminated':
      reader.next.shift()
      reader.status = 'terminated'
      return
    case 'session.deleted':
      reader.status = 'deleted'
      return
    case 'session.error':
      // What a session goes on without is tried again by nobody's request.
      reader.isRetrying = event.error.retry_status.type === 'retrying' && !event.error.type.startsWith('repository_')
      return
    default:
  }
}

/** Whatever a turn ends with, at its budget the session says so. */
const ENDS: ReadonlySet<string> = new Set(['end_turn', 'refusal', 'retries_exhausted'])

function isEndedAtBudget(event: Extract<SessionEvent, { type: 'session.status_idle' }>, { stop }: Reader): boolean {
  return event.stop_reason.type === 'budget_reached' && ENDS.has(stop ?? '')
}

function readIdle(
  reader: Reader,
  event: Extract<SessionEvent, { type: 'session.thread_status_idle' }>,
  tell: Tell,
): void {
  const { stop_reason: stop } = event
  if (reader.status === 'idle' && reader.stop !== 'requires_action') tell('idle already')
  if (reader.request) tell(`request ${reader.request} is still open`)
  if (stop.type === 'requires_action') {
    const waiting = [...reader.open].flatMap(([id, standing]) => (isWaiting(standing) ? [id] : []))
    if (waiting.toSorted().join() !== stop.event_ids.toSorted().join())
      tell(`names ${stop.event_ids.join()}, ${waiting.join()} wait`)
  } else if (reader.open.size > 0) tell(`calls ${[...reader.open.keys()].join()} have no result`)
  reader.stop = stop.type
  reader.owesIdle = false
}

function readWork(reader: Reader, event: SessionEvent, tell: Tell): void {
  const { status, open } = reader
  if (AGENT.has(event.type) && (status !== 'running' || !reader.request)) tell('outside a model request')
  switch (event.type) {
    case 'span.model_request_start':
      if (status !== 'running') tell(`while ${status}`)
      if (reader.request) tell(`request ${reader.request} is still open`)
      if (open.size > 0) tell(`calls ${[...open.keys()].join()} have no result`)
      reader.request = event.id
      return
    case 'span.model_request_end':
      if (reader.request !== event.model_request_start_id)
        tell(`ends ${event.model_request_start_id}, open is ${reader.request}`)
      reader.request = null
      return
    case 'agent.tool_use':
      if (reader.selfHosted && event.evaluated_permission !== 'deny') return readRemote(reader, event)
      if (event.evaluated_permission !== 'ask') open.set(event.id, 'call')
      else open.set(event.id, reader.confirmed.has(event.id) ? 'answered' : 'asked')
      return
    case 'agent.custom_tool_use':
      if (reader.settled.has(event.id)) reader.closed.set(event.id, 'by client')
      else open.set(event.id, 'custom')
      return
    case 'agent.tool_result':
      return readResult(reader, event.tool_use_id, tell)
    case 'user.tool_confirmation':
      if (!reader.confirmed.has(event.tool_use_id)) reader.confirmed.set(event.tool_use_id, event.result)
      if (open.get(event.tool_use_id) === 'asked') open.set(event.tool_use_id, confirmed(reader, event.tool_use_id))
      return
    case 'user.custom_tool_result':
      reader.settled.add(event.custom_tool_use_id)
      return open.get(event.custom_tool_use_id) === 'custom'
        ? closeByClient(reader, event.custom_tool_use_id)
        : undefined
    case 'user.tool_result':
      reader.returned.add(event.tool_use_id)
      return isForWorkers(reader, event.tool_use_id) ? closeByClient(reader, event.tool_use_id) : undefined
    default:
  }
}

function readRemote(reader: Reader, { id, evaluated_permission: permission }: ToolUse): void {
  if (reader.returned.has(id)) reader.closed.set(id, 'by client')
  else if (permission === 'ask') reader.open.set(id, reader.confirmed.has(id) ? confirmed(reader, id) : 'asked')
  else reader.open.set(id, 'remote')
}

type ToolUse = Extract<SessionEvent, { type: 'agent.tool_use' }>

/** What a call is once it was confirmed: where clients run it, one that may run waits for its result. */
function confirmed(reader: Reader, id: string): 'answered' | 'remote' {
  return reader.selfHosted && reader.confirmed.get(id) === 'allow' ? 'remote' : 'answered'
}

/** In a self-hosted session only what policy refused is closed by nobody but the server. */
function isForWorkers({ selfHosted, open }: Reader, id: string): boolean {
  const standing = open.get(id)
  return selfHosted && standing !== undefined && standing !== 'custom' && standing !== 'call'
}

function closeByClient({ open, closed }: Reader, id: string): void {
  open.delete(id)
  closed.set(id, 'by client')
}

/** A closing result may follow a client's own for the same call: that one came while the turn was being interrupted. */
function readResult(reader: Reader, call: string, tell: Tell): void {
  const standing = reader.open.get(call)
  if (standing === undefined) {
    const before = reader.closed.get(call)
    if (before === undefined) tell(`no call ${call} stands before it`)
    if (before === 'final') tell(`call ${call} has a result already`)
  }
  if (reader.status !== 'running') {
    if (reader.stop !== 'requires_action' || reader.status !== 'idle') tell(`while ${reader.status}`)
    reader.owesIdle = true
  }
  reader.open.delete(call)
  reader.closed.set(call, 'final')
}

function isWaiting(standing: string): boolean {
  return standing === 'asked' || standing === 'custom' || standing === 'remote'
}
