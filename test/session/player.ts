import type { Incoming } from '../../src/session/arrival.ts'
import type { Budget } from '../../src/session/budget.ts'
import { check, isInterrupted } from '../../src/session/check.ts'
import { systemSaid } from '../../src/session/transcript.ts'
import type { Asked } from '../support/session-builders.ts'
import {
  answerEntries,
  confirm,
  customResult,
  interrupt,
  message,
  provisioned,
  requestEnd,
  resultEntry,
  summaryEntries,
  systemMessage,
  toolResult,
} from '../support/session-builders.ts'
import type { Activity, Ended, Loop } from './loop.ts'
import type { RunnerModel } from './runner-model.ts'
import { createRunnerModel } from './runner-model.ts'
import { logBefore, saysOf, shownOf } from './says.ts'
import type { Action, Draft } from './script.ts'

/** What every sandbox goes without. */
const faults = [
  {
    resource: 'sesrsc_1',
    url: 'https://github.com/o/r',
    type: 'repository_clone_error',
    message: 'Nobody answers.',
  },
] as const

/**
 * Plays scripts on a loop; ids, texts and calls are numbered in the order of their making.
 * @param ran is told of every call that somebody runs in a self-hosted session.
 */
export function createPlayer(
  loop: Loop,
  ran: (call: string) => void = () => undefined,
): (actions: readonly Action[]) => void {
  const known: Incoming[] = []
  const calls: string[] = []
  let events = 0
  let agents = 1
  let runner: RunnerModel | null = null
  let read = 0
  /** What the API has taken of results, which history may not show yet. */
  const posted = new Set<string>()

  /** What an update says of the agent as the session has it when it is sent. */
  function configurationFor(agent: 'next' | 'outrun' | 'again'): { id: string; base: string } {
    const base = loop.state.configuration ?? ''
    if (agent === 'again') return { id: base, base: 'cfg_0' }
    return { id: `cfg_${++agents}`, base: agent === 'next' ? base : 'cfg_0' }
  }

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
      case 'result':
        return toolResult(id, aimed(plan), text)
    }
  }

  function endOf(activity: Activity, action: Extract<Action, { do: 'end' }>): Ended {
    const { command } = activity
    if (command.do === 'execute') {
      const { id } = command.call
      return action.tool === 'crash'
        ? { how: 'crash' }
        : {
            how: 'entries',
            entries: [
              ...(command.known === 0 ? [provisioned(1, { faults })] : []),
              resultEntry(id, `output of ${id}`, action.tool === 'error'),
            ],
          }
    }
    if (command.do === 'provision')
      return action.tool === 'crash'
        ? { how: 'crash' }
        : { how: 'entries', entries: [provisioned(1, { faults, told: false })] }
    const { model } = action
    if (model.how !== 'answer') return model
    const { request } = command
    if (command.do === 'compact') {
      const usage = { input_tokens: model.tokens }
      const manner = { system: loop.state.takesSystem === true }
      const system = systemSaid(saysOf(logBefore(loop, activity)), manner)
      if (model.text) return { how: 'entries', entries: summaryEntries({ request, usage }, system) }
      return { how: 'fault', retryable: true, entries: [requestEnd({ request, usage }, true)] }
    }
    const asked = model.calls.map((standing): Asked => [`sevt_c${calls.push(`sevt_c${calls.length + 1}`)}`, standing])
    return {
      how: 'entries',
      entries: answerEntries({
        request,
        ...(model.text ? { text: `answer to ${request}` } : {}),
        calls: asked,
        selfHosted: loop.state.selfHosted,
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

  /** Nobody comes between an interrupt and what it closes: whose result is refused there, has run the call in vain. */
  function serve(how: Extract<Action, { do: 'serve' }>['how']): void {
    const { state } = loop.projection
    if (how === 'leave') runner = null
    if (!state.selfHosted || loop.isOver || isInterrupted(state)) return
    const shown = shownOf(loop.log)
    if (how === 'attach') runner = createRunnerModel()
    if (!runner) return
    const wanted =
      how === 'attach' ? runner.attach(shown) : shown.slice(read).flatMap((event) => runner?.hear(event) ?? [])
    read = shown.length
    for (const call of wanted.filter((one) => !posted.has(one))) post(call)
  }

  /** The API takes a result of what waits for one alone. */
  function post(call: string): void {
    ran(call)
    const { state } = loop.projection
    const id = `sevt_u${++events}`
    const isCustom = state.calls.some((open) => open.id === call && open.standing === 'custom')
    const result = isCustom ? customResult(id, call) : toolResult(id, call)
    if (check(state, result) !== null) return
    posted.add(call)
    loop.signal({ events: [result], by: 'key_2' })
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
          ...(action.agent ? { configuration: configurationFor(action.agent) } : {}),
        })
      case 'terminate':
        return loop.terminate(action.reason)
      case 'serve':
        return serve(action.how)
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
