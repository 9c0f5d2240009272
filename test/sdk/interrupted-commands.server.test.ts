import { readFile, readdir } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SandboxHands } from '../../src/hands/sandbox-hands.ts'
import { createSandboxHands } from '../../src/hands/sandbox-hands.ts'
import { useLocalSandboxes } from '../hands/local-sandboxes.ts'
import { silentLog } from '../support/silent-log.ts'
import type { Stack } from '../support/stack.ts'
import { startStack } from '../support/stack.ts'
import { bash, createSession, message, only, program, record, turn } from './drive.ts'

const sandboxes = useLocalSandboxes()
let use: { readonly stack: Stack; readonly agent: string; readonly environment: string }
let hands: SandboxHands

beforeAll(async () => {
  const stack = await startStack({ hands: { execute: (...call) => hands.execute(...call) } })
  use = { stack, ...(await stack.prepare()) }
  hands = createSandboxHands({ provider: sandboxes.provider, bindings: stack.stores.bindings, log: silentLog })
})
afterAll(() => use.stack[Symbol.asyncDispose]())

/** Whether a process of this machine, in whichever sandbox, was started with these words. */
async function lives(words: string): Promise<boolean> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  // A process may end while the others are read.
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return lines.some((line) => line.split('\0').join(' ').startsWith(words))
}

describe('a command in a sandbox', () => {
  test('ends with the interrupt of its session, and what was done before is there for the next one', async () => {
    const { sdk } = use.stack
    const session = await createSession(use)
    const recording = await record(sdk, session)
    const sleep = `sleep 86${process.pid}`
    await sdk.beta.sessions.events.send(session, {
      events: [program(bash(`echo begun > note; ${sleep}; echo over > note`), 'SAY never')],
    })
    await expect.poll(() => lives(sleep)).toBe(true)
    await sdk.beta.sessions.events.send(session, { events: [{ type: 'user.interrupt' }] })
    await recording.until('session.status_idle')
    await expect.poll(() => lives(sleep)).toBe(false)
    const next = await turn(sdk, session, message(`#program now\n${bash('cat note')}\nSAY done`))
    expect(only(next, 'agent.tool_result')).toMatchObject([{ content: [{ text: 'begun' }], is_error: false }])
  })
})
