import {
  condition,
  defineSignal,
  proxyActivities,
  setHandler,
  upsertMemo,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow'
import type { Entry } from '../../src/session/entry.ts'
import type { createActivities } from './activities.ts'

type Activities = ReturnType<typeof createActivities>

export const events = defineSignal<[{ readonly events: readonly { readonly id: string }[] }]>('events')

const beating = {
  startToCloseTimeout: '24 hours',
  heartbeatTimeout: '3 seconds',
  retry: { initialInterval: '200 milliseconds', maximumAttempts: 6 },
} as const

const { callModel } = proxyActivities<Activities>({ ...beating, summary: 'model call' })
const { execute } = proxyActivities<Activities>({ ...beating, taskQueue: 'hands', summary: 'bash' })

/** The single carrier: every non-empty outbox is one memo, written before the step's commands. */
export function memoSession(): Promise<void> {
  return run((outbox, status) => {
    if (outbox.length > 0) writeMemo(outbox, status)
    return {}
  })
}

/** The alternative: decisions are a field of the next activity's input; only the end of a turn is a memo. */
export function rideSession(): Promise<void> {
  return run((outbox) => (outbox.length > 0 ? { decisions: outbox.splice(0) } : {}))
}

/** Called before each activity; what it returns becomes part of that activity's input. */
type Carry = (outbox: Entry[], status: string) => { readonly decisions?: readonly Entry[] }

async function run(carry: Carry): Promise<void> {
  const inbox: string[] = []
  setHandler(events, (signal) => {
    inbox.push(...signal.events.map(({ id }) => id))
  })
  for (;;) {
    await condition(() => inbox.length > 0)
    await runTurn(carry, inbox.splice(0))
  }
}

/** A turn with one tool round. Each `carry` stands where a pass of the session's loop ends. */
async function runTurn(carry: Carry, messages: readonly string[]): Promise<void> {
  const session = workflowInfo().workflowId
  const thread = { session_thread_id: session.replace('sesn_', 'sthr_'), agent_name: 'Release engineer' }
  const outbox: Entry[] = [
    { id: mint(), type: 'session.status_running' },
    { id: mint(), type: 'session.thread_status_running', ...thread },
    ...messages.map((id): Entry => ({ type: 'log.mark', id })),
  ]
  const ask = (step: number): ReturnType<typeof callModel> => {
    const start = mint()
    outbox.push({ id: start, type: 'span.model_request_start' })
    return callModel({ session, step, start, harness: 'default-1', ...carry(outbox, 'running: model') })
  }
  const { call } = await ask(1)
  await execute({ session, call, abandoned: [], ...carry(outbox, 'running: bash') })
  const { usage } = await ask(2)
  const stop = { stop_reason: { type: 'end_turn' }, stop_details: null } as const
  outbox.push(
    { id: mint(), type: 'session.thread_status_idle', ...thread, ...stop },
    { id: mint(), type: 'session.usage', usage: { ...usage, active_seconds: 4.217 } },
    { id: mint(), type: 'session.status_idle', ...stop },
  )
  writeMemo(outbox, 'idle (end_turn)')
}

function writeMemo(outbox: Entry[], status: string): void {
  const session = { status, agent: 'Release engineer', title: 'Ship 1.0.0', queued: 0, tokens: '18234 in, 911 out' }
  upsertMemo({ log: outbox.splice(0), session })
}

function mint(): string {
  return `sevt_${uuid4().replaceAll('-', '').slice(0, 24)}`
}
