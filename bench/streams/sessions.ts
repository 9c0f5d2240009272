import { setTimeout as delay } from 'node:timers/promises'
import type Anthropic from '@anthropic-ai/sdk'
import type { Directive } from '../support/directive.ts'
import { toText } from '../support/directive.ts'
import type { Service } from '../support/service.ts'
import type { Target } from './readers.ts'

/** The stream of a session as a target, with previews or without. */
export function toTarget({ dev }: Service, session: string, options: { readers: number; previews: boolean }): Target {
  const { base_url: url, api_key: key } = dev.state()
  const query = options.previews ? '?event_deltas[]=agent.message' : ''
  const headers = {
    'x-api-key': key,
    'anthropic-version': '2023-06-01',
    'anthropic-beta': 'managed-agents-2026-04-01',
  }
  return { url: `${url}/v1/sessions/${session}/events/stream${query}`, headers, readers: options.readers }
}

export async function send(sdk: Anthropic, session: string, directive: Directive): Promise<void> {
  const content = [{ type: 'text' as const, text: toText(directive) }]
  await sdk.beta.sessions.events.send(session, { events: [{ type: 'user.message', content }] })
}

const lookMs = 100

/**
 * Ids of the session's events in the order of the list, once `messages` of the user's are in it, all of them are taken
 * up and the last turn has ended.
 */
export async function listSettled(sdk: Anthropic, session: string, messages: number): Promise<readonly string[]> {
  for (;;) {
    const events = []
    for await (const event of sdk.beta.sessions.events.list(session, { limit: 1_000 })) events.push(event)
    const taken = events.filter(({ type, processed_at: at }) => type === 'user.message' && at !== null).length
    if (taken === messages && events.at(-1)?.type === 'session.status_idle') return events.map(({ id }) => id)
    await delay(lookMs)
  }
}

/** Calls `act` with 0, 1, … at a fixed rate, however long each takes; resolves when all have ended. */
export async function openLoop(
  { count, perSecond }: { readonly count: number; readonly perSecond: number },
  act: (index: number) => Promise<unknown>,
): Promise<void> {
  const startedAt = performance.now()
  const running: Promise<unknown>[] = []
  for (let index = 0; index < count; index += 1) {
    const waitMs = startedAt + (index * 1000) / perSecond - performance.now()
    if (waitMs > 0) await delay(waitMs)
    running.push(act(index))
  }
  await Promise.all(running)
}
