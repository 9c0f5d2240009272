import type { Payload, PayloadCodec } from '@temporalio/common'
import { defaultPayloadConverter } from '@temporalio/common'
import proto from '@temporalio/proto'
import type { temporal } from '@temporalio/proto'
import { describe, expect, test } from 'vitest'
import { createAesCodec } from '../../src/history/codec.ts'
import { decodeEvent } from '../../src/history/decode.ts'

const { HistoryEvent } = proto.temporal.api.history.v1
type Attributes = Omit<temporal.api.history.v1.IHistoryEvent, 'eventId' | 'eventTime'>

const VALUE = { events: [{ type: 'user.interrupt' }] }

function payloads(...values: readonly unknown[]): { payloads: Payload[] } {
  return { payloads: values.map((value) => defaultPayloadConverter.toPayload(value)) }
}

/** An event as the server sends it: through its protobuf bytes, numbers as longs. */
function event(attributes: Attributes): temporal.api.history.v1.IHistoryEvent {
  const made = HistoryEvent.fromObject({
    eventId: 17,
    eventTime: { seconds: 1_767_355_200, nanos: 123_456_789 },
    ...attributes,
  })
  return HistoryEvent.decode(HistoryEvent.encode(made).finish())
}

const ADDRESS = { eventId: 17, at: 1_767_355_200_123 }

describe('a history event', () => {
  test.each<{ name: string; attributes: Attributes; item: object }>([
    {
      name: 'started',
      attributes: {
        workflowExecutionStartedEventAttributes: { originalExecutionRunId: 'run-1', input: payloads(VALUE) },
      },
      item: { type: 'started', runId: 'run-1', follows: null, input: VALUE },
    },
    {
      name: 'started without input',
      attributes: { workflowExecutionStartedEventAttributes: { originalExecutionRunId: 'run-1' } },
      item: { type: 'started', runId: 'run-1', follows: null, input: undefined },
    },
    {
      name: 'started by the run before',
      attributes: {
        workflowExecutionStartedEventAttributes: {
          originalExecutionRunId: 'run-2',
          continuedExecutionRunId: 'run-1',
          input: payloads(VALUE),
        },
      },
      item: { type: 'started', runId: 'run-2', follows: 'run-1', input: VALUE },
    },
    {
      name: 'a run that hands over',
      attributes: { workflowExecutionContinuedAsNewEventAttributes: { newExecutionRunId: 'run-3' } },
      item: { type: 'continued', next: 'run-3' },
    },
    {
      name: 'signaled',
      attributes: {
        workflowExecutionSignaledEventAttributes: { signalName: 'events', input: payloads(VALUE, 'more') },
      },
      item: { type: 'signaled', payload: VALUE },
    },
    {
      name: 'signaled without a payload',
      attributes: { workflowExecutionSignaledEventAttributes: { signalName: 'events' } },
      item: { type: 'signaled', payload: undefined },
    },
    {
      name: 'a memo with decisions',
      attributes: {
        workflowPropertiesModifiedEventAttributes: {
          upsertedMemo: {
            fields: {
              log: defaultPayloadConverter.toPayload([{ type: 'log.archived' }]),
              session: defaultPayloadConverter.toPayload({}),
            },
          },
        },
      },
      item: { type: 'decided', entries: [{ type: 'log.archived' }] },
    },
    {
      name: 'a scheduled activity',
      attributes: { activityTaskScheduledEventAttributes: { activityId: '3' } },
      item: { type: 'scheduled', activityId: '3' },
    },
    {
      name: 'a cancel request',
      attributes: {
        activityTaskCancelRequestedEventAttributes: {
          scheduledEventId: proto.google.protobuf.Timestamp.fromObject({ seconds: 9 }).seconds,
        },
      },
      item: { type: 'cancel_requested', scheduled: 9 },
    },
    {
      name: 'a completed activity',
      attributes: {
        activityTaskCompletedEventAttributes: {
          scheduledEventId: proto.google.protobuf.Timestamp.fromObject({ seconds: 9 }).seconds,
          result: payloads({ entries: [] }),
        },
      },
      item: { type: 'completed', scheduled: 9, result: { entries: [] } },
    },
    ...(['Failed', 'TimedOut', 'Canceled'] as const).map((how) => ({
      name: `an activity that ended otherwise: ${how}`,
      attributes: {
        [`activityTask${how}EventAttributes`]: {
          scheduledEventId: proto.google.protobuf.Timestamp.fromObject({ seconds: 9 }).seconds,
        },
      },
      item: { type: 'lost', scheduled: 9 },
    })),
    {
      name: 'a completed run',
      attributes: { workflowExecutionCompletedEventAttributes: {} },
      item: { type: 'ended', how: 'completed', reason: '' },
    },
    {
      name: 'a failed run',
      attributes: { workflowExecutionFailedEventAttributes: { failure: { message: 'no such agent' } } },
      item: { type: 'ended', how: 'failed', reason: 'no such agent' },
    },
    {
      name: 'a failed run without words',
      attributes: { workflowExecutionFailedEventAttributes: {} },
      item: { type: 'ended', how: 'failed', reason: '' },
    },
    {
      name: 'a run that timed out',
      attributes: { workflowExecutionTimedOutEventAttributes: {} },
      item: { type: 'ended', how: 'timed_out', reason: '' },
    },
    {
      name: 'a cancelled run',
      attributes: { workflowExecutionCanceledEventAttributes: {} },
      item: { type: 'ended', how: 'canceled', reason: '' },
    },
    {
      name: 'a terminated run',
      attributes: { workflowExecutionTerminatedEventAttributes: { reason: 'deleted' } },
      item: { type: 'ended', how: 'terminated', reason: 'deleted' },
    },
    {
      name: 'a run that was ended by its reset',
      attributes: {
        workflowExecutionTerminatedEventAttributes: { reason: 'someone: again', identity: 'history-resetter' },
      },
      item: { type: 'ended', how: 'reset', reason: 'someone: again' },
    },
    {
      name: 'where a run that was reset becomes another one',
      attributes: { workflowTaskFailedEventAttributes: { baseRunId: 'run-1', newRunId: 'run-4' } },
      item: { type: 'reset', runId: 'run-4' },
    },
  ])('is decoded: $name', async ({ attributes, item }) => {
    expect(await decodeEvent(event(attributes), [])).toEqual({ ...ADDRESS, ...item })
  })

  test.each<{ name: string; attributes: Attributes }>([
    { name: 'a workflow task', attributes: { workflowTaskCompletedEventAttributes: {} } },
    { name: 'a workflow task that failed', attributes: { workflowTaskFailedEventAttributes: { identity: 'worker' } } },
    { name: 'a timer', attributes: { timerFiredEventAttributes: { timerId: '1' } } },
    { name: 'an activity that was begun', attributes: { activityTaskStartedEventAttributes: {} } },
    {
      name: 'another signal',
      attributes: { workflowExecutionSignaledEventAttributes: { signalName: 'other', input: payloads(VALUE) } },
    },
    {
      name: 'another memo',
      attributes: {
        workflowPropertiesModifiedEventAttributes: {
          upsertedMemo: { fields: { session: defaultPayloadConverter.toPayload({}) } },
        },
      },
    },
    { name: 'a memo of nothing', attributes: { workflowPropertiesModifiedEventAttributes: {} } },
  ])('is none of the log’s: $name', async ({ attributes }) => {
    expect(await decodeEvent(event(attributes), [])).toBeNull()
  })

  test('without a time is of the beginning', async () => {
    const bare = HistoryEvent.create({ workflowExecutionCompletedEventAttributes: {} })
    expect(await decodeEvent(bare, [])).toMatchObject({ eventId: 0, at: 0 })
  })
})

describe('the payload of a history event', () => {
  function tagging(tag: string): PayloadCodec {
    const text = (payload: Payload): string => Buffer.from(payload.data ?? []).toString()
    return {
      encode: async (all) => all.map((payload) => ({ ...payload, data: Buffer.from(`${tag}${text(payload)}`) })),
      decode: async (all) =>
        all.map((payload) => {
          if (!text(payload).startsWith(tag)) throw new Error(`expected ${tag}`)
          return { ...payload, data: Buffer.from(text(payload).slice(tag.length)) }
        }),
    }
  }

  async function signalOf(codecs: readonly PayloadCodec[]) {
    let input = payloads(VALUE).payloads
    for (const codec of codecs) input = await codec.encode(input)
    return event({ workflowExecutionSignaledEventAttributes: { signalName: 'events', input: { payloads: input } } })
  }

  test('comes through the codecs, the last first', async () => {
    const codecs = [tagging('1'), tagging('2'), createAesCodec(new Uint8Array(32))]
    expect(await decodeEvent(await signalOf(codecs), codecs)).toMatchObject({ payload: VALUE })
  })

  test.each<{ name: string; codecs: readonly PayloadCodec[]; readers: readonly PayloadCodec[] }>([
    {
      name: 'another key',
      codecs: [createAesCodec(new Uint8Array(32))],
      readers: [createAesCodec(new Uint8Array(32).fill(1))],
    },
    { name: 'no codec', codecs: [createAesCodec(new Uint8Array(32))], readers: [] },
    {
      name: 'the codecs in another order',
      codecs: [tagging('1'), tagging('2')],
      readers: [tagging('2'), tagging('1')],
    },
  ])('that cannot be read under $name says so', async ({ codecs, readers }) => {
    const item = await decodeEvent(await signalOf(codecs), readers)
    expect(item).toEqual({ ...ADDRESS, type: 'signaled', payload: { undecodable: expect.stringContaining('rror') } })
  })

  test('that is no JSON says so', async () => {
    const metadata = { encoding: Buffer.from('json/plain') }
    const broken = { payloads: [{ metadata, data: Buffer.from('{"events":') }] }
    const item = await decodeEvent(
      event({ workflowExecutionSignaledEventAttributes: { signalName: 'events', input: broken } }),
      [],
    )
    expect(item).toMatchObject({ payload: { undecodable: expect.stringContaining('rror') } })
  })
})
