import { afterAll, beforeAll } from 'vitest'
import type Anthropic from '@anthropic-ai/sdk'
import { createCollector } from '../../src/hands/collector.ts'
import type { OutputWatch } from '../../src/hands/output-watch.ts'
import { createOutputWatch, watchCalls } from '../../src/hands/output-watch.ts'
import { cloneRepositories } from '../../src/hands/repositories.ts'
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
import { bash, outputsIn, program, turn } from './drive.ts'
import type { GitDoors } from './git-doors.ts'

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

interface ResourceStackOptions {
  /** Whether workspaces would be copied; true if not given. */
  readonly keepsCopies?: boolean
  /** Where repositories are, and the way of sandboxes to them; set up before this. */
  readonly git?: () => GitDoors
}

/** A stack with two api applications whose sessions work in sandboxes that files come into and out of. */
export function useResourceStack(
  kind: 'local' | 'docker' = 'local',
  { keepsCopies = true, git }: ResourceStackOptions = {},
): () => ResourceStack {
  const doors = git && {
    open: (name: string, session: string) => git().doors.open(name, session),
    close: (name: string) => git().doors.close(name),
  }
  const sandboxes = kind === 'docker' ? useDockerSandboxes(doors) : useLocalSandboxes(doors)
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
      ...(git ? { github: git().server.url } : {}),
      hands: {
        execute: (...call) => watchCalls(present(), { begin: (place) => watch?.begin(place) }).execute(...call),
      },
    })
    git?.().serve(stack)
    const { stores, contents } = stack
    const { provider } = sandboxes
    hands = createSandboxHands({
      provider,
      bindings: stores.bindings,
      stores: { stock: createStock(stores, contents), ledger: stores.ledger, keepsCopies },
      ...(git ? { clone: cloneRepositories } : {}),
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
        return outputsIn(await turn(sdk, session, program(...commands.map(bash), 'SAY done')))
      },
    }
  }
}
