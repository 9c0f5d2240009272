import type { HistoryCount } from './cli/stage.ts'

/**
 * The demo's second opinion: counts a session's events in raw history, by nothing but their names. It shares no code
 * with the server's reader on purpose, and knows just as much of the log as this: a decision's memo and a result hold
 * lists of entries, a mark stands for the input it names, a client's answer to a call for itself, and what begins with
 * `log.` is private.
 */
export function countHistory(history: RawHistory): HistoryCount {
  const events: string[] = []
  const attempts = new Map<string, number>()
  const scheduled = new Map<string, { readonly type: string; readonly call: string }>()
  const tries = new Map<string, number>()
  let modelCalls = 0
  let repeatedModelCalls = 0
  for (const event of history.events ?? []) {
    const decided = event.workflowPropertiesModifiedEventAttributes?.upsertedMemo?.fields?.['log']
    events.push(...publicIds(parse(decided)))
    const sent = event.workflowExecutionSignaledEventAttributes?.input?.payloads?.[0]
    events.push(...answerIds(at(parse(sent), 'events')))

    const planned = event.activityTaskScheduledEventAttributes
    const id = String(event.eventId)
    if (planned) {
      const input = parse(planned.input?.payloads?.[0])
      scheduled.set(id, { type: planned.activityType?.name ?? '', call: text(at(at(input, 'call'), 'id')) })
    }
    const started = event.activityTaskStartedEventAttributes
    if (started) tries.set(String(started.scheduledEventId), started.attempt ?? 1)

    const completed = event.activityTaskCompletedEventAttributes
    if (!completed) continue
    events.push(...publicIds(at(parse(completed.result?.payloads?.[0]), 'entries')))
    const key = String(completed.scheduledEventId)
    const activity = scheduled.get(key)
    const attempt = tries.get(key) ?? 1
    if (activity?.type === 'execute') attempts.set(activity.call, attempt)
    if (activity?.type === 'callModel') {
      modelCalls += 1
      repeatedModelCalls += attempt > 1 ? 1 : 0
    }
  }
  return { events, modelCalls, repeatedModelCalls, attempts }
}

/** In how many events these words stand, in whatever field, as text or as bytes. */
export function countMentions(history: RawHistory, words: string): number {
  const holds = (value: unknown): boolean => {
    if (typeof value === 'string') return value.includes(words)
    if (value instanceof Uint8Array) return Buffer.from(value).includes(words)
    return typeof value === 'object' && value !== null && Object.values(value).some(holds)
  }
  return (history.events ?? []).filter(holds).length
}

/** How many events came before the first task that a worker of this identity took. */
export function findReplayed(history: RawHistory, identity: string): number | null {
  const taken = history.events?.find((event) =>
    event.workflowTaskStartedEventAttributes?.identity?.startsWith(identity),
  )
  return taken ? Number(taken.eventId) - 1 : null
}

/** An activity's attempt: how often it was tried, by whom, and since when, in ms since 1970. */
export interface RawAttempt {
  readonly attempt: number
  readonly identity: string
  readonly startedAt: number
}

/**
 * The activity of a tool call, and the attempt that ended it. Temporal writes a start into history only when the
 * activity has ended: until then `ended` is null and the attempt stands among the workflow's pending activities.
 */
export function findCall(
  history: RawHistory,
  call: string,
): { readonly activityId: string; readonly ended: RawAttempt | null } | null {
  const scheduled = history.events?.find(({ activityTaskScheduledEventAttributes: planned }) => {
    return planned && text(at(at(parse(planned.input?.payloads?.[0]), 'call'), 'id')) === call
  })
  if (!scheduled) return null
  const activityId = scheduled.activityTaskScheduledEventAttributes?.activityId ?? ''
  const event = history.events?.find(({ activityTaskStartedEventAttributes: started }) => {
    return started && String(started.scheduledEventId) === String(scheduled.eventId)
  })
  const started = event?.activityTaskStartedEventAttributes
  return { activityId, ended: started ? toAttempt({ ...started, time: event.eventTime }) : null }
}

/** The fields of a started or pending activity, in one shape. */
export function toAttempt({
  attempt,
  identity,
  time,
}: {
  readonly attempt?: number | null | undefined
  readonly identity?: string | null | undefined
  readonly time?: RawTime | null | undefined
}): RawAttempt {
  const startedAt = Number(time?.seconds ?? 0) * 1000 + (time?.nanos ?? 0) / 1e6
  return { attempt: attempt ?? 1, identity: identity ?? '', startedAt }
}

interface RawTime {
  readonly seconds?: { toString(): string } | null
  readonly nanos?: number | null
}

interface RawPayload {
  readonly data?: Uint8Array | null
}

/** The few fields of Temporal's history that are looked at. */
export interface RawHistory {
  readonly events?:
    | readonly {
        readonly eventId?: { toString(): string } | null
        readonly eventTime?: RawTime | null
        readonly workflowPropertiesModifiedEventAttributes?: {
          readonly upsertedMemo?: { readonly fields?: Readonly<Record<string, RawPayload>> | null } | null
        } | null
        readonly workflowExecutionSignaledEventAttributes?: {
          readonly input?: { readonly payloads?: readonly RawPayload[] | null } | null
        } | null
        readonly activityTaskScheduledEventAttributes?: {
          readonly activityId?: string | null
          readonly activityType?: { readonly name?: string | null } | null
          readonly input?: { readonly payloads?: readonly RawPayload[] | null } | null
        } | null
        readonly activityTaskStartedEventAttributes?: {
          readonly scheduledEventId?: { toString(): string } | null
          readonly attempt?: number | null
          readonly identity?: string | null
        } | null
        readonly activityTaskCompletedEventAttributes?: {
          readonly scheduledEventId?: { toString(): string } | null
          readonly result?: { readonly payloads?: readonly RawPayload[] | null } | null
        } | null
        readonly workflowTaskStartedEventAttributes?: { readonly identity?: string | null } | null
      }[]
    | null
}

function publicIds(entries: unknown): readonly string[] {
  if (!Array.isArray(entries)) return []
  return entries.flatMap((entry) => {
    const type = text(at(entry, 'type'))
    return type === 'log.mark' || !type.startsWith('log.') ? [text(at(entry, 'id'))] : []
  })
}

/** What else is sent waits for its mark. */
function answerIds(sent: unknown): readonly string[] {
  if (!Array.isArray(sent)) return []
  return sent.flatMap((event) =>
    ['user.tool_confirmation', 'user.custom_tool_result', 'user.tool_result'].includes(text(at(event, 'type')))
      ? [text(at(event, 'id'))]
      : [],
  )
}

function parse(payload: RawPayload | undefined): unknown {
  return payload?.data ? JSON.parse(Buffer.from(payload.data).toString('utf8')) : undefined
}

function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
