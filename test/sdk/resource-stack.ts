import { afterAll, beforeAll } from 'vitest'
import type Anthropic from '@anthropic-ai/sdk'
import { createCollector } from '../../src/hands/collector.ts'
import type { OutputWatch } from '../../src/hands/output-watch.ts'
import { createOutputWatch, watchCalls } from '../../src/hands/output-watch.ts'
import type { SandboxHands } from '../../src/hands/sandbox-hands.ts'
import { createSandboxHands } from '../../src/hands/sandbox-hands.ts'
import { createOutputShelf } from '../../src/output-shelf.ts'
import { createStock } from '../../src/stock.ts'
import { useDockerSandboxes } from '../hands/docker-sandboxes.ts'
import type { TestSandboxes } from '../hands/local-sandboxes.ts'
import { useLocalSandboxes } from '../hands/local-sandboxes.ts'
import { silentLog } from '../support/silent-log.ts'
import type { Stack } from '../support/stack.ts'
import { startStack } from '../support/stack.ts'
import { bash, only, program, turn } from './drive.ts'

export interface ResourceStack {
  readonly stack: Stack
  readonly hands: SandboxHands
  readonly sandboxes: TestSandboxes
  readonly agent: string
  readonly environment: string
  /** A session with these resources. */
  create(resources: Anthropic.Beta.SessionCreateParams['resources']): Promise<Anthropic.Beta.BetaManagedAgentsSession>
  /** What the commands say, run by the session's agent one after the other in one turn. */
  run(session: string, ...commands: readonly string[]): Promise<readonly string[]>
}

/** A stack with two api applications whose sessions work in sandboxes that files come into and out of. */
export function useResourceStack(kind: 'local' | 'docker' = 'local'): () => ResourceStack {
  const sandboxes = kind === 'docker' ? useDockerSandboxes() : useLocalSandboxes()
  let stack: Stack | undefined
  let hands: SandboxHands | undefined
  let watch: OutputWatch | undefined
  let prepared: { readonly agent: string; readonly environment: string } | undefined

  beforeAll(async () => {
    const present = (): SandboxHands => {
      if (!hands) throw new Error('expected the hands to be there before the first call')
      return hands
    }
    stack = await startStack({
      apis: 2,
      hands: {
        execute: (...call) => watchCalls(present(), { begin: (place) => watch?.begin(place) }).execute(...call),
      },
    })
    const { stores, contents } = stack
    const { provider } = sandboxes
    hands = createSandboxHands({
      provider,
      bindings: stores.bindings,
      stores: { stock: createStock(stores, contents), ledger: stores.ledger, keepsCopies: true },
      log: silentLog,
    })
    const collect = createCollector({ shelf: createOutputShelf({ stores, contents }), log: silentLog })
    watch = createOutputWatch({ collect, bindings: stores.bindings, provider, log: silentLog })
    prepared = await stack.prepare()
  })
  afterAll(async () => {
    await watch?.stop()
    await stack?.[Symbol.asyncDispose]()
  })

  return () => {
    if (!stack || !hands || !prepared) throw new Error('expected the stack to be used inside a test')
    const { sdk } = stack
    const { agent, environment } = prepared
    return {
      ...prepared,
      stack,
      hands,
      sandboxes,
      create: (resources) =>
        sdk.beta.sessions.create({ agent, environment_id: environment, ...(resources ? { resources } : {}) }),
      async run(session, ...commands) {
        const events = await turn(sdk, session, program(...commands.map(bash), 'SAY done'))
        return only(events, 'agent.tool_result').map(({ content }) =>
          (content ?? []).map((block) => (block.type === 'text' ? block.text : '')).join(''),
        )
      },
    }
  }
}
