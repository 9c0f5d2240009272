import fc from 'fast-check'
import type { Incoming } from '../../src/session/arrival.ts'
import type { Asked } from '../support/session-builders.ts'
import {
  CONTEXT,
  answerEntries,
  confirm,
  customResult,
  interrupt,
  message,
  provisioned,
  resultEntry,
  summaryEntries,
  systemMessage,
  toolResult,
} from '../support/session-builders.ts'
import type { Begun } from './fake-activities.ts'
import { OTHER_HOST } from './fake-activities.ts'
import { overloaded, tooLong } from './steps.ts'
import type { RigSession } from './rig.ts'

interface Draft {
  readonly kind: 'message' | 'system' | 'interrupt' | 'confirm' | 'custom' | 'result'
  /** `fresh` from the API, `none` from a plain client, `again` a repeated one. */
  readonly id: 'fresh' | 'none' | 'again'
  readonly pick: number
  /** Whether an answer is for a call that the model has not asked for yet. */
  readonly ahead: boolean
}

interface End {
  readonly pick: number
  readonly tool: 'output' | 'error' | 'crash'
  readonly model: 'answer' | 'retryable' | 'patient' | 'fatal' | 'long' | 'crash'
  /** What policy says of the calls that the answer makes. */
  readonly calls: readonly Asked[1][]
  readonly stop: '' | 'pause_turn' | 'refusal'
  readonly tokens: number
}

/** One thing that happens to a session. Picks choose among what is there when it happens. */
export type Action =
  | { readonly do: 'send'; readonly drafts: readonly Draft[] }
  | { readonly do: 'malformed'; readonly payload: string }
  /** Ends one activity, or all that have begun, given-up ones included. */
  | ({ readonly do: 'end' | 'endAll' } & End)
  | { readonly do: 'configure'; readonly title: string; readonly agent: boolean }
  | { readonly do: 'cancel' }

/** How a round meets the worker: it runs; it holds a task, so that all is buffered; or it is gone. */
export type Mode = 'live' | 'held' | 'down'

/** The lives of several sessions side by side, round by round. */
export interface Batch {
  readonly modes: readonly Mode[]
  readonly lives: readonly (readonly (readonly Action[])[])[]
}

const draft = fc.record<Draft>({
  kind: fc.constantFrom(
    'message',
    'message',
    'message',
    'message',
    'interrupt',
    'interrupt',
    'system',
    'confirm',
    'confirm',
    'custom',
    'custom',
    'result',
    'result',
  ),
  id: fc.constantFrom('fresh', 'fresh', 'fresh', 'fresh', 'none', 'again'),
  pick: fc.nat(5),
  ahead: fc.constantFrom(false, false, false, true),
})

const policyWord = fc.constantFrom<Asked[1]>('allow', 'allow', 'ask', 'custom', 'deny')

const end = {
  pick: fc.nat(5),
  tool: fc.constantFrom('output', 'output', 'output', 'error', 'crash'),
  model: fc.constantFrom(
    'answer',
    'answer',
    'answer',
    'answer',
    'answer',
    'answer',
    'retryable',
    'retryable',
    'patient',
    'fatal',
    'long',
    'crash',
  ),
  calls: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 4, arbitrary: fc.constantFrom<Asked[1][]>(['allow', 'allow'], ['allow', 'allow', 'allow']) },
    { weight: 3, arbitrary: fc.array(policyWord, { minLength: 1, maxLength: 3, size: 'max' }) },
  ),
  stop: fc.constantFrom('', '', '', 'pause_turn', 'refusal'),
  tokens: fc.constantFrom(1, 1, 600, 900),
} satisfies { [K in keyof End]: fc.Arbitrary<End[K]> }

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('send' as const), drafts: fc.array(draft, { minLength: 1, maxLength: 2 }) }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('endAll' as const), ...end }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('end' as const), ...end }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('malformed' as const), payload: fc.constantFrom('hello', '') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('configure' as const),
      title: fc.constantFrom('a', 'b'),
      agent: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'cancel' } as const) },
)

export function batchOf(sessions: number, rounds: number): fc.Arbitrary<Batch> {
  const round = fc.array(action, { minLength: 1, maxLength: 4 })
  const life = fc.array(round, { minLength: rounds, maxLength: rounds })
  return fc.record({
    modes: fc.array(fc.constantFrom<Mode>('live', 'held', 'held', 'held', 'down'), {
      minLength: rounds,
      maxLength: rounds,
    }),
    lives: fc.array(life, { minLength: sessions, maxLength: sessions }),
  })
}

export interface Player {
  /** Resolves when the server has all of it, but for updates, which a worker has to answer. */
  play(actions: readonly Action[]): Promise<void>
  /** Resolves when every update was answered. */
  answered(): Promise<void>
  /** Ends what was given up, too late for anybody. */
  endLate(): Promise<void>
}

/** Plays actions on a session; ids, texts and calls are numbered in the order of their making. */
export function createPlayer(session: RigSession, selfHosted?: true): Player {
  const known: Incoming[] = []
  const calls: string[] = []
  const updates: Promise<unknown>[] = []
  let [agents, newest] = [1, 'cfg_1']

  /** Made of the newest agent that is known: one that comes meanwhile outruns it. */
  async function become(id: string, title: string): Promise<void> {
    const { refused } = await session.configure({ title, configuration: { id, base: newest } })
    if (refused === null) newest = id
  }
  let events = 0
  let isCancelled = false

  function write({ kind, id, pick, ahead }: Draft): Incoming {
    const again = known[pick % Math.max(known.length, 1)]
    if (id === 'again' && again) return again
    events += 1
    const aim =
      (ahead ? undefined : calls.at(-1 - (pick % Math.max(calls.length, 1)))) ??
      `sevt_c${calls.length + 1 + (pick % 2)}`
    const event = eventOf({ kind, id: `sevt_u${events}`, aim, deny: pick % 3 === 0 })
    if (id === 'none') return without(event)
    known.push(event)
    return event
  }

  async function finish(begun: Begun, how: End): Promise<void> {
    if (begun.name === 'callModel' || begun.name === 'compact') {
      await finishModel(begun, how)
    } else if (how.tool === 'crash') {
      await begun.fail('the hands are gone')
    } else if (begun.name === 'provision') {
      const sent = how.tool === 'error' ? { entries: [], elsewhere: OTHER_HOST } : null
      await begun.complete(sent ?? { entries: [provisioned(1, { told: false })] })
    } else {
      await begun.complete({ entries: [resultEntry(begun.key, `output of ${begun.key}`, how.tool === 'error')] })
    }
  }

  async function finishModel(begun: Begun, how: End): Promise<void> {
    switch (how.model) {
      case 'crash':
        return void (await begun.fail('the worker cannot'))
      case 'retryable':
        return void (await begun.complete({ entries: [], fault: overloaded }))
      case 'patient':
        return void (await begun.complete({ entries: [], fault: { ...overloaded, retryAfterMs: 3_600_000 } }))
      case 'long':
        return void (await begun.complete({
          entries: [],
          fault: { ...tooLong, adoptable: { harness: 'h2', context: CONTEXT } },
        }))
      case 'fatal':
        return void (await begun.complete({ entries: [], fault: { ...overloaded, retryable: false } }))
      case 'answer': {
        if (begun.name === 'compact') {
          return void (await begun.complete({ entries: summaryEntries({ request: begun.key }) }))
        }
        const asked = how.calls.map((standing): Asked => [`sevt_c${calls.push(`sevt_c${calls.length + 1}`)}`, standing])
        const stop = how.stop === '' || asked.length > 0 ? {} : { stop: how.stop }
        const usage = { input_tokens: how.tokens }
        const parts = { request: begun.key, text: `answer to ${begun.key}`, calls: asked, usage, selfHosted }
        await begun.complete({ entries: answerEntries({ ...parts, ...stop }) })
      }
    }
  }

  async function playOne(step: Action): Promise<void> {
    const under = session.under()
    switch (step.do) {
      case 'send':
        return session.signal({ events: step.drafts.map(write), by: 'key_1' })
      case 'malformed':
        return session.signal(step.payload)
      case 'configure':
        updates.push(step.agent ? become(`cfg_${++agents}`, step.title) : session.configure({ title: step.title }))
        return
      case 'cancel':
        // The server takes one for a run.
        if (!isCancelled) await session.handle.cancel()
        isCancelled = true
        return
      case 'end': {
        const picked = under[step.pick % Math.max(under.length, 1)]
        return picked && finish(picked, step)
      }
      case 'endAll': {
        const from = step.pick % Math.max(under.length, 1)
        for (const begun of [...under.slice(from), ...under.slice(0, from)]) await finish(begun, step)
      }
    }
  }

  return {
    async play(actions) {
      for (const step of actions) await playOne(step)
    },
    async answered() {
      await Promise.all(updates.splice(0))
    },
    async endLate() {
      for (const begun of session.under()) {
        const made = begun.name === 'provision' ? provisioned(1, { told: false }) : null
        await begun.complete({ entries: [made ?? resultEntry(begun.key, 'too late')] })
      }
    },
  }
}

function eventOf({ kind, id, aim, deny }: { kind: Draft['kind']; id: string; aim: string; deny: boolean }): Incoming {
  switch (kind) {
    case 'message':
      return message(id)
    case 'system':
      return systemMessage(id)
    case 'interrupt':
      return interrupt(id)
    case 'confirm':
      return confirm(id, aim, deny ? 'deny' : 'allow')
    case 'custom':
      return customResult(id, aim)
    case 'result':
      return toolResult(id, aim)
  }
}

function without(event: Incoming): Incoming {
  const { id: _, ...rest } = event
  return rest
}
