import type { temporal } from '@temporalio/proto'
import type { Payload, PayloadCodec } from '@temporalio/common'
import { defaultPayloadConverter } from '@temporalio/common'
import { EVENTS_SIGNAL, LOG_MEMO } from '../session/names.ts'
import type { Ending, HistoryItem } from './item.ts'

/** Who ends a run that is reset while it is open, as the server says. */
const RESETTER = 'history-resetter'

type HistoryEvent = temporal.api.history.v1.IHistoryEvent
type Attributes = Omit<HistoryItem, 'eventId' | 'at'>

/**
 * A history event as the log needs it, or null when the log is not made of it. Payloads come raw from the server, so
 * the codecs are applied here, the last first; one that cannot be read becomes `{ undecodable }`.
 */
export async function decodeEvent(event: HistoryEvent, codecs: readonly PayloadCodec[]): Promise<HistoryItem | null> {
  const decoded = await decodeAttributes(event, (payload) => readPayload(payload, codecs))
  if (!decoded) return null
  const at = Number(event.eventTime?.seconds ?? 0) * 1000 + Math.floor((event.eventTime?.nanos ?? 0) / 1e6)
  // The attributes are those of one member of the union; id and time complete it.
  return { eventId: Number(event.eventId), at, ...decoded } as HistoryItem
}

type Read = (payload: Payload | null | undefined) => Promise<unknown>

async function decodeAttributes(event: HistoryEvent, read: Read): Promise<Attributes | null> {
  const started = event.workflowExecutionStartedEventAttributes
  if (started) {
    const input = await read(started.input?.payloads?.[0])
    const follows = started.continuedExecutionRunId || null
    return attributes({ type: 'started', runId: started.originalExecutionRunId ?? '', follows, input })
  }
  const signaled = event.workflowExecutionSignaledEventAttributes
  if (signaled) {
    if (signaled.signalName !== EVENTS_SIGNAL) return null
    return attributes({ type: 'signaled', payload: await read(signaled.input?.payloads?.[0]) })
  }
  const decided = event.workflowPropertiesModifiedEventAttributes?.upsertedMemo?.fields
  if (decided) {
    return LOG_MEMO in decided ? attributes({ type: 'decided', entries: await read(decided[LOG_MEMO]) }) : null
  }
  // Only a reset's failed task names a run.
  const reset = event.workflowTaskFailedEventAttributes?.newRunId
  if (reset) return attributes({ type: 'reset', runId: reset })
  return (await decodeActivity(event, read)) ?? decodeEnd(event)
}

async function decodeActivity(event: HistoryEvent, read: Read): Promise<Attributes | null> {
  const scheduled = event.activityTaskScheduledEventAttributes
  if (scheduled) return attributes({ type: 'scheduled', activityId: scheduled.activityId ?? '' })
  const cancel = event.activityTaskCancelRequestedEventAttributes
  if (cancel) return attributes({ type: 'cancel_requested', scheduled: Number(cancel.scheduledEventId) })
  const lost =
    event.activityTaskFailedEventAttributes ??
    event.activityTaskTimedOutEventAttributes ??
    event.activityTaskCanceledEventAttributes
  if (lost) return attributes({ type: 'lost', scheduled: Number(lost.scheduledEventId) })
  const completed = event.activityTaskCompletedEventAttributes
  if (!completed) return null
  const result = await read(completed.result?.payloads?.[0])
  return attributes({ type: 'completed', scheduled: Number(completed.scheduledEventId), result })
}

function decodeEnd(event: HistoryEvent): Attributes | null {
  const continued = event.workflowExecutionContinuedAsNewEventAttributes
  if (continued) return attributes({ type: 'continued', next: continued.newExecutionRunId ?? '' })
  if (event.workflowExecutionCompletedEventAttributes) return end('completed', '')
  const failed = event.workflowExecutionFailedEventAttributes
  if (failed) return end('failed', failed.failure?.message ?? '')
  if (event.workflowExecutionTimedOutEventAttributes) return end('timed_out', '')
  if (event.workflowExecutionCanceledEventAttributes) return end('canceled', '')
  const terminated = event.workflowExecutionTerminatedEventAttributes
  if (!terminated) return null
  return end(terminated.identity === RESETTER ? 'reset' : 'terminated', terminated.reason ?? '')
}

function end(how: Ending, reason: string): Attributes {
  return attributes({ type: 'ended', how, reason })
}

type Bare<I> = I extends unknown ? Omit<I, 'eventId' | 'at'> : never

/** Has the compiler check one member of the union at a time. */
function attributes(item: Bare<HistoryItem>): Attributes {
  return item
}

async function readPayload(payload: Payload | null | undefined, codecs: readonly PayloadCodec[]): Promise<unknown> {
  if (!payload) return undefined
  try {
    let payloads = [payload]
    for (const codec of codecs.toReversed()) payloads = await codec.decode(payloads)
    return payloads[0] && defaultPayloadConverter.fromPayload(payloads[0])
  } catch (error) {
    return { undecodable: String(error) }
  }
}
