import { afterAll, beforeAll } from 'vitest'
import type { Stack, StackOptions } from '../support/stack.ts'
import { startStack } from '../support/stack.ts'
import type { ScriptedHands } from './scripted-hands.ts'
import { createScriptedHands } from './scripted-hands.ts'

/** A stack for the tests of a file, with hands that do as they are told and an agent that is ready for sessions. */
export interface Prepared {
  readonly stack: Stack
  readonly hands: ScriptedHands
  readonly agent: string
  readonly environment: string
}

export function useStack(options: Omit<StackOptions, 'hands'> = {}): () => Prepared {
  let prepared: Prepared | undefined
  beforeAll(async () => {
    const hands = createScriptedHands()
    const stack = await startStack({ hands, ...options })
    try {
      prepared = { stack, hands, ...(await stack.prepare()) }
    } catch (error) {
      await stack[Symbol.asyncDispose]()
      throw error
    }
  })
  afterAll(async () => {
    prepared?.hands.releaseAll()
    await prepared?.stack[Symbol.asyncDispose]()
  })
  return () => {
    if (!prepared) throw new Error('expected the stack to be used inside a test')
    return prepared
  }
}
