import fc from 'fast-check'
import type { Incoming } from '../../src/session/arrival.ts'
import type { Budget } from '../../src/session/budget.ts'
import type { Adoptable } from '../../src/session/policy.ts'
import type { Asked } from '../support/session-builders.ts'
import {
  CONTEXT,
  answerEntries,
  confirm,
  customResult,
  interrupt,
  message,
  requestEnd,
  resultEntry,
  summaryEntries,
  systemMessage,
} from '../support/session-builders.ts'
import type { Activity, Ended, Loop } from './loop.ts'

/** Which call an answer is for: one that was asked for, one that the model has not asked for yet, or none. */
type Aim = 'known' | 'ahead' | 'nowhere'

interface Draft {
  readonly kind: 'message' | 'system' | 'interrupt' | 'confirm' | 'custom'
  /** `fresh` from the API, `none` from a plain client, `again` a repeated one, `stolen` another event's. */
  readonly id: 'fresh' | 'none' | 'again' | 'stolen'
  readonly pick: number
  readonly aim: Aim
  readonly result: 'allow' | 'deny'
}

type ModelOutcome =
  | {
      readonly how: 'answer'
      readonly text: boolean
      readonly calls: readonly Asked[1][]
      readonly stop: string
      readonly tokens: number
    }
  | {
      readonly how: 'fault'
      readonly retryable: boolean
      readonly retryAfterMs?: number
      readonly tooLong?: true
      readonly adoptable?: Adoptable
      readonly fileRefused?: true
    }
  | { readonly how: 'crash' }

/** One thing that happens. Picks choose among what is there when it happens. */
export type Action =
  | { readonly do: 'signal'; readonly drafts: readonly Draft[] }
  | { readonly do: 'malformed'; readonly payload: unknown }
  | {
      readonly do: 'end'
      readonly pick: number
      readonly late: boolean
      readonly model: ModelOutcome
      readonly tool: 'output' | 'error' | 'crash'
    }
  | { readonly do: 'fire' | 'cancel' | 'archive' }
  | { readonly do: 'configure'; readonly title: string | null; readonly cents?: number | null }
  | { readonly do: 'terminate'; readonly reason: string }
  | { readonly do: 'work'; readonly meanwhile: readonly Action[] }

const ADOPTABLE: Adoptable = { harness: 'h2', context: CONTEXT }

const draft = fc.record<Draft>({
  kind: fc.constantFrom(
    'message',
    'message',
    'message',
    'system',
    'interrupt',
    'confirm',
    'confirm',
    'custom',
    'custom',
  ),
  id: fc.constantFrom('fresh', 'fresh', 'fresh', 'fresh', 'none', 'none', 'again', 'stolen'),
  pick: fc.nat(20),
  aim: fc.constantFrom<Aim>('known', 'known', 'known', 'known', 'ahead', 'nowhere'),
  result: fc.constantFrom('allow', 'deny'),
})

const malformed = fc.constantFrom<unknown>(
  undefined,
  null,
  'hello',
  { events: 'none' },
  { events: [message('bad-1'), { type: 'agent.message' }] },
  { events: [{ type: 'user.message', content: [] }] },
  { undecodable: 'Error: no key' },
)

const modelOutcome: fc.Arbitrary<ModelOutcome> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      how: fc.constant('answer' as const),
      text: fc.boolean(),
      calls: fc.array(fc.constantFrom<Asked[1]>('allow', 'allow', 'ask', 'custom', 'deny'), { maxLength: 3 }),
      stop: fc.constantFrom('', '', '', '', 'pause_turn', 'refusal', 'max_tokens'),
      tokens: fc.constantFrom(1, 300, 600, 900),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ how: fc.constant('fault' as const), retryable: fc.constantFrom(true, true, false) }),
  },
  { weight: 1, arbitrary: fc.constant({ how: 'fault', retryable: true, retryAfterMs: 7 } as const) },
  { weight: 1, arbitrary: fc.constant({ how: 'fault', retryable: false, tooLong: true } as const) },
  {
    weight: 1,
    arbitrary: fc.constant({ how: 'fault', retryable: false, tooLong: true, adoptable: ADOPTABLE } as const),
  },
  { weight: 1, arbitrary: fc.constant({ how: 'fault', retryable: false, fileRefused: true } as const) },
  { weight: 1, arbitrary: fc.constant({ how: 'crash' } as const) },
)

const happening: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('signal' as const),
      drafts: fc.array(draft, { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('malformed' as const), payload: malformed }) },
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      pick: fc.nat(5),
      late: fc.constantFrom(false, false, true),
      model: modelOutcome,
      tool: fc.constantFrom('output', 'output', 'error', 'crash'),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'fire' } as const) },
  { weight: 1, arbitrary: fc.constantFrom({ do: 'cancel' } as const, { do: 'archive' } as const) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('configure' as const),
      title: fc.constantFrom('a', 'b', null),
      cents: fc.constantFrom(1, 2, 3, 5, 8, null),
    }),
  },
)

const ending: fc.Arbitrary<Action> = fc.record({
  do: fc.constant('terminate' as const),
  reason: fc.constantFrom('', 'deleted', 'by hand'),
})

const TOO_LONG: ModelOutcome = { how: 'fault', retryable: false, tooLong: true }
const MESSAGE: Draft = { kind: 'message', id: 'fresh', pick: 0, aim: 'known', result: 'allow' }
const ASK: readonly Action[] = [
  { do: 'signal', drafts: [MESSAGE] },
  { do: 'work', meanwhile: [] },
]

/** Steps without anything in between: only so do contexts grow full. */
const labour: fc.Arbitrary<readonly Action[]> = fc
  .array(fc.oneof({ weight: 3, arbitrary: modelOutcome }, { weight: 2, arbitrary: fc.constant(TOO_LONG) }), {
    maxLength: 40,
    size: 'max',
  })
  .map((outcomes) => [
    ...ASK,
    ...outcomes.flatMap((model): readonly Action[] => [
      { do: 'end', pick: 0, late: false, model, tool: 'output' },
      { do: 'fire' },
      { do: 'work', meanwhile: [] },
      ...ASK,
    ]),
  ])

/** Mostly happenings and tasks in between, at times an end from outside. */
const bustle: fc.Arbitrary<readonly Action[]> = fc
  .tuple(
    fc.array(
      fc.oneof(
        { weight: 3, arbitrary: happening },
        {
          weight: 2,
          arbitrary: fc.record({ do: fc.constant('work' as const), meanwhile: fc.array(happening, { maxLength: 2 }) }),
        },
      ),
      { maxLength: 60, size: 'max' },
    ),
    fc.option(ending, { freq: 8 }),
  )
  .map(([actions, end]) => (end ? [...actions, end] : actions))

/** What a session lives through. */
export const script = fc.oneof({ weight: 6, arbitrary: bustle }, { weight: 1, arbitrary: labour })

/** Plays scripts on a loop; ids, texts and calls are numbered in the order of their making. */
export function createPlayer(loop: Loop): (actions: readonly Action[]) => void {
  const known: Incoming[] = []
  const calls: string[] = []
  let events = 0

  function aimed({ aim, pick }: Draft): string {
    if (aim === 'nowhere') return 'sevt_nowhere'
    if (aim === 'known' && calls.length > 0) return calls[calls.length - 1 - (pick % Math.min(calls.length, 4))] ?? ''
    return `sevt_c${calls.length + 1 + (pick % 3)}`
  }

  function write(plan: Draft): Incoming {
    const again = known[plan.pick % Math.max(known.length, 1)]
    if (plan.id === 'again' && again) return again
    events += 1
    const id = plan.id === 'stolen' && again?.id ? again.id : `sevt_u${events}`
    const event = eventOf(plan, id, `text ${events}.`)
    if (plan.id === 'none') return without(event)
    if (plan.id === 'fresh') known.push(event)
    return event
  }

  function eventOf(plan: Draft, id: string, text: string): Incoming {
    switch (plan.kind) {
      case 'message':
        return message(id, text)
      case 'system':
        return systemMessage(id, text)
      case 'interrupt':
        return interrupt(id)
      case 'confirm':
        return confirm(id, aimed(plan), plan.result)
      case 'custom':
        return customResult(id, aimed(plan), text)
    }
  }

  function endOf(activity: Activity, action: Extract<Action, { do: 'end' }>): Ended {
    const { command } = activity
    if (command.do === 'execute') {
      const { id } = command.call
      return action.tool === 'crash'
        ? { how: 'crash' }
        : { how: 'entries', entries: [resultEntry(id, `output of ${id}`, action.tool === 'error')] }
    }
    const { model } = action
    if (model.how !== 'answer') return model
    const { request } = command
    if (command.do === 'compact') {
      const usage = { input_tokens: model.tokens }
      if (model.text) return { how: 'entries', entries: summaryEntries({ request, usage }) }
      return { how: 'fault', retryable: true, entries: [requestEnd({ request, usage }, true)] }
    }
    const asked = model.calls.map((standing): Asked => [`sevt_c${calls.push(`sevt_c${calls.length + 1}`)}`, standing])
    return {
      how: 'entries',
      entries: answerEntries({
        request,
        ...(model.text ? { text: `answer to ${request}` } : {}),
        calls: asked,
        ...(model.stop === '' || asked.length > 0 ? {} : { stop: model.stop }),
        usage: { input_tokens: model.tokens },
      }),
    }
  }

  function end(action: Extract<Action, { do: 'end' }>): void {
    const wanted = loop.activities.filter((activity) => activity.cancelled === action.late)
    const activity = wanted[action.pick % Math.max(wanted.length, 1)]
    if (activity) loop.end(activity, endOf(activity, action))
  }

  function playOne(action: Action): void {
    switch (action.do) {
      case 'signal':
        return loop.signal({ events: action.drafts.map(write), by: 'key_1' })
      case 'malformed':
        return loop.signal(action.payload)
      case 'end':
        return end(action)
      case 'fire':
        return loop.fire()
      case 'cancel':
        return loop.cancel()
      case 'archive':
        return loop.update({ type: 'archived' })
      case 'configure':
        return loop.update({
          type: 'configured',
          title: action.title,
          ...(action.cents === undefined ? {} : { budget: action.cents === null ? null : capOf(action.cents) }),
        })
      case 'terminate':
        return loop.terminate(action.reason)
      case 'work':
        loop.work(() => action.meanwhile.forEach(playOne))
    }
  }

  return (actions) => actions.forEach(playOne)
}

/** A cap of so many cents. */
export function capOf(cents: number): Budget {
  return { type: 'limit', max_list_cost: { amount: String(cents), currency: 'USD' } }
}

function without(event: Incoming): Incoming {
  const { id: _, ...rest } = event
  return rest
}
