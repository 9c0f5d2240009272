import fc from 'fast-check'
import type { Adoptable } from '../../src/session/policy.ts'
import type { Asked } from '../support/session-builders.ts'
import { CONTEXT, message } from '../support/session-builders.ts'

/** Which call an answer is for: one that was asked for, one that the model has not asked for yet, or none. */
type Aim = 'known' | 'ahead' | 'nowhere'

export interface Draft {
  readonly kind: 'message' | 'system' | 'interrupt' | 'confirm' | 'custom' | 'result'
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
  | {
      readonly do: 'configure'
      readonly title: string | null
      readonly cents?: number | null
      /** A new agent, made of the one that there is or of an older one, or the newest once more. */
      readonly agent?: 'next' | 'outrun' | 'again'
    }
  | { readonly do: 'terminate'; readonly reason: string }
  /** Somebody who runs calls of a self-hosted session comes to it, reads on, or is gone. */
  | { readonly do: 'serve'; readonly how: 'attach' | 'hear' | 'leave' }
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
    'result',
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
      stop: fc.constantFrom('', '', '', '', 'pause_turn', 'refusal', 'max_tokens', 'model_context_window_exceeded'),
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
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('serve' as const),
      how: fc.constantFrom('attach', 'hear', 'hear', 'leave'),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom({ do: 'cancel' } as const, { do: 'archive' } as const) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('configure' as const),
      title: fc.constantFrom('a', 'b', null),
      cents: fc.constantFrom(1, 2, 3, 5, 8, null),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('configure' as const),
      title: fc.constant('a'),
      agent: fc.constantFrom('next', 'next', 'next', 'outrun', 'again'),
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

const REST: Action = { do: 'work', meanwhile: [] }

const ANSWERS = { ask: 'confirm', custom: 'custom', allow: 'result', deny: 'result' } as const

/** A turn that waits for its client while the agent changes, and what comes of it then. */
const waiting: fc.Arbitrary<readonly Action[]> = fc
  .tuple(fc.constantFrom<Asked[1]>('ask', 'custom', 'allow'), fc.array(happening, { maxLength: 3 }), bustle)
  .map(([asked, meanwhile, rest]) => {
    const model = { how: 'answer', text: false, calls: [asked], stop: '', tokens: 1 } as const
    const answer: Draft = { ...MESSAGE, kind: ANSWERS[asked] }
    return [
      ...ASK,
      { do: 'end', pick: 0, late: false, model, tool: 'output' },
      REST,
      { do: 'configure', title: 'a', agent: 'next' },
      ...meanwhile,
      REST,
      { do: 'signal', drafts: [answer] },
      REST,
      { do: 'serve', how: 'attach' },
      REST,
      { do: 'end', pick: 0, late: false, model, tool: 'output' },
      REST,
      ...rest,
    ]
  })

/** A turn that stops at its budget, where it has one, behind a command; and what comes there, each in a task of its own. */
const thrift: fc.Arbitrary<readonly Action[]> = fc
  .tuple(
    fc.array(
      fc.oneof(
        { weight: 2, arbitrary: happening },
        {
          weight: 3,
          arbitrary: fc.record({
            do: fc.constant('configure' as const),
            title: fc.constantFrom('a', null),
            cents: fc.constantFrom(5, 8, null),
          }),
        },
        { weight: 1, arbitrary: fc.constant({ do: 'configure', title: 'a', agent: 'next' } as const) },
      ),
      { maxLength: 6 },
    ),
    bustle,
  )
  .map(([there, rest]) => {
    const model = { how: 'answer', text: true, calls: ['allow'], stop: '', tokens: 900 } as const
    const end: Action = { do: 'end', pick: 0, late: false, model, tool: 'output' }
    return [...ASK, end, REST, end, REST, ...there.flatMap((action) => [action, REST]), ...rest]
  })

/** What a session lives through. */
export const script = fc.oneof(
  { weight: 6, arbitrary: bustle },
  { weight: 1, arbitrary: labour },
  { weight: 1, arbitrary: waiting },
  { weight: 1, arbitrary: thrift },
)
