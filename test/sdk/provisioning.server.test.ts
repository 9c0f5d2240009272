import type Anthropic from '@anthropic-ai/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RecipeFailed } from '../../src/hands/recipe.ts'
import type { SandboxProvider } from '../../src/hands/sandbox.ts'
import type { SandboxHands } from '../../src/hands/sandbox-hands.ts'
import { createSandboxHands } from '../../src/hands/sandbox-hands.ts'
import { useLocalSandboxes } from '../hands/local-sandboxes.ts'
import { silentLog } from '../support/silent-log.ts'
import type { Stack } from '../support/stack.ts'
import { startStack } from '../support/stack.ts'
import { uniqueName } from '../support/temporal.ts'
import {
  bash,
  createSession,
  listAll,
  message,
  only,
  program,
  record,
  refused,
  saidIn,
  turn,
  typesOf,
} from './drive.ts'

type When = 'first' | 'parallel' | 'lazy'

const POLL = { timeout: 20_000, interval: 50 }
const sandboxes = useLocalSandboxes()
let stack: Stack
let agent = ''
let hands: SandboxHands | undefined

/** Sandboxes are made when they are let; `begun` are the sessions that one was asked for, `made` those that had one. */
const gate = { isOpen: true, fails: false, waiting: new Set<() => void>(), begun: [] as string[], made: [] as string[] }

function open(): void {
  gate.isOpen = true
  for (const go of gate.waiting) go()
  gate.waiting.clear()
}

async function pass(session: string): Promise<void> {
  gate.begun.push(session)
  if (!gate.isOpen) await new Promise<void>((go) => gate.waiting.add(go))
  if (gate.fails) throw new RecipeFailed('the image is not there')
}

beforeAll(async () => {
  const present = (): SandboxHands => hands ?? refuse()
  stack = await startStack({
    hands: { execute: (...call) => present().execute(...call), prepare: (seeker) => present().prepare(seeker) },
  })
  const provider: SandboxProvider = {
    ...sandboxes.provider,
    async provision(key, recipe) {
      await pass(key.sessionId)
      const row = await sandboxes.provider.provision(key, recipe)
      gate.made.push(key.sessionId)
      return row
    },
  }
  hands = createSandboxHands({ provider, bindings: stack.stores.bindings, log: silentLog })
  agent = (await stack.prepare()).agent
})
afterAll(async () => {
  open()
  await stack[Symbol.asyncDispose]()
})

function refuse(): never {
  throw new Error('expected the stack to be used inside a test')
}

function environmentWith(when?: string): Promise<Anthropic.Beta.BetaEnvironment> {
  const metadata = when === undefined ? {} : { 'longhand.provisioning': when }
  return stack.sdk.beta.environments.create({ name: uniqueName('environment'), metadata })
}

async function begin(when: When): Promise<string> {
  return createSession({ stack, agent, environment: (await environmentWith(when)).id })
}

async function sandboxesOf(session: string): Promise<number> {
  return (await sandboxes.provider.list()).filter(({ sessionId }) => sessionId === session).length
}

/** Types of what the model, or nobody but the workflow, reads of the log. */
async function logOf(session: string): Promise<readonly string[]> {
  const view = await stack.log.read(session)
  const items = await stack.log.slice(view, { order: 'asc', limit: 1000, audience: 'model' })
  return items.flatMap(({ says }) => (says ? [says.type] : []))
}

/** Holds every sandbox that is asked for until the work is done. */
async function held<T>(work: () => Promise<T>): Promise<T> {
  gate.isOpen = false
  try {
    return await work()
  } finally {
    open()
  }
}

describe('a session that uses no tool', () => {
  test.each([
    ['lazy', 0],
    ['parallel', 1],
    ['first', 1],
  ] as const)('has, where sandboxes are made %s, %i of them', async (when, count) => {
    const session = await begin(when)
    await turn(stack.sdk, session, message('Hello.'))
    await expect.poll(() => sandboxesOf(session), POLL).toBe(count)
    expect(gate.begun.filter((id) => id === session)).toHaveLength(count)
  })
})

describe('a sandbox', () => {
  test('that is made first is there before the model is asked', async () => {
    const stream = await held(async () => {
      const session = await begin('first')
      const recording = await record(stack.sdk, session)
      await stack.sdk.beta.sessions.events.send(session, { events: [message('Hello.')] })
      await recording.until('session.status_running')
      await expect.poll(() => gate.begun.includes(session), POLL).toBe(true)
      expect(typesOf(await listAll(stack.sdk, session))).not.toContain('span.model_request_start')
      return { session, recording }
    })
    await stream.recording.until('session.status_idle')
    const log = await logOf(stream.session)
    expect(log.indexOf('log.provisioned')).toBeGreaterThan(-1)
    expect(log.indexOf('log.provisioned')).toBeLessThan(log.indexOf('log.assistant'))
  })

  test('that is made first is asked for when the session is created', async () => {
    const session = await begin('first')
    await expect.poll(() => sandboxesOf(session), POLL).toBe(1)
    expect(typesOf(await listAll(stack.sdk, session))).toEqual([])
  })

  test('that is made beside the model keeps nobody waiting', async () => {
    const session = await begin('parallel')
    await held(async () => {
      const events = await turn(stack.sdk, session, message('Hello.'))
      expect(saidIn(events)).toHaveLength(1)
      expect(await sandboxesOf(session)).toBe(0)
    })
    await expect.poll(() => sandboxesOf(session), POLL).toBe(1)
  })

  test.each(['first', 'parallel', 'lazy'] as const)('that is made %s serves calls, once and for all', async (when) => {
    const session = await begin(when)
    const events = await turn(stack.sdk, session, program(bash('echo one > a; cat a'), bash('cat a'), 'SAY done'))
    const results = only(events, 'agent.tool_result').map(({ content, is_error: isError }) => [isError, content?.[0]])
    expect(results).toEqual(['one', 'one'].map((text) => [false, expect.objectContaining({ text })]))
    expect(await sandboxesOf(session)).toBe(1)
  })

  test.each(['first', 'parallel'] as const)('that cannot be made %s ends no turn; the call says why', async (when) => {
    gate.fails = true
    try {
      const session = await begin(when)
      const [said] = saidIn(await turn(stack.sdk, session, message('Hello.')))
      expect(said).toBeDefined()
      await expect.poll(() => logOf(session), POLL).toContain('log.unprovisioned')
      const failed = await turn(stack.sdk, session, program(bash('echo one'), 'SAY done'))
      expect(only(failed, 'agent.tool_result')).toMatchObject([
        { is_error: true, content: [{ text: expect.stringContaining('the image is not there') }] },
      ])
      gate.fails = false
      const worked = await turn(stack.sdk, session, program(bash('echo two'), 'SAY done'))
      expect(only(worked, 'agent.tool_result')).toMatchObject([{ is_error: false, content: [{ text: 'two' }] }])
    } finally {
      gate.fails = false
    }
  })
})

describe('while a sandbox is made', () => {
  test('an interrupt ends the turn without a request, and the next one has its sandbox', async () => {
    const session = await begin('first')
    await held(async () => {
      const events = await turn(stack.sdk, session, message('Hello.'), { type: 'user.interrupt' })
      expect(typesOf(events)).not.toContain('span.model_request_start')
      expect(events.at(-1)).toMatchObject({ type: 'session.status_idle', stop_reason: { type: 'end_turn' } })
    })
    const events = await turn(stack.sdk, session, program(bash('echo one'), 'SAY done'))
    expect(only(events, 'agent.tool_result')).toMatchObject([{ is_error: false }])
    expect(await sandboxesOf(session)).toBe(1)
  })

  test('the session can be deleted, and nothing is left of it', async () => {
    let session = ''
    await held(async () => {
      session = await begin('first')
      await expect.poll(() => gate.begun.includes(session), POLL).toBe(true)
      await stack.sdk.beta.sessions.delete(session)
      expect(await refused(listAll(stack.sdk, session))).toMatchObject({ status: 404 })
    })
    // The store takes no sandbox of a session that is gone; whoever made it ends it.
    await expect.poll(() => gate.made.includes(session), POLL).toBe(true)
    await expect.poll(() => sandboxesOf(session), POLL).toBe(0)
  })

  test('the session can be archived; its sandbox is nobody’s', async () => {
    let session = ''
    await held(async () => {
      session = await begin('first')
      await expect.poll(() => gate.begun.includes(session), POLL).toBe(true)
      await stack.sdk.beta.sessions.archive(session)
      expect(await stack.sdk.beta.sessions.retrieve(session)).toMatchObject({ status: 'terminated' })
    })
    await expect.poll(() => stack.stores.bindings.current(session), POLL).not.toBeNull()
    await hands?.destroySession(session)
    expect(await sandboxesOf(session)).toBe(0)
  })
})

describe('when sandboxes are made', () => {
  test.each([
    ['longhand.provisioning', 'now', 'metadata: longhand.provisioning: expected first, parallel or lazy'],
    ['longhand.provision', 'first', 'metadata: longhand.provision: '],
  ])('is said by a key that is checked: %s=%s', async (key, value, words) => {
    const { environments } = stack.sdk.beta
    const refusal = { status: 400, message: expect.stringContaining(words) }
    expect(await refused(environments.create({ name: uniqueName('e'), metadata: { [key]: value } }))).toMatchObject(
      refusal,
    )
    const { id } = await environmentWith()
    expect(await refused(environments.update(id, { metadata: { [key]: value } }))).toMatchObject(refusal)
  })

  test('stays as it was when the session began, whatever becomes of its environment', async () => {
    const { id } = await environmentWith('lazy')
    const session = await createSession({ stack, agent, environment: id })
    await stack.sdk.beta.environments.update(id, { metadata: { 'longhand.provisioning': 'first' } })
    await turn(stack.sdk, session, message('Hello.'))
    expect(await sandboxesOf(session)).toBe(0)
    const next = await createSession({ stack, agent, environment: id })
    await expect.poll(() => sandboxesOf(next), POLL).toBe(1)
  })
})
