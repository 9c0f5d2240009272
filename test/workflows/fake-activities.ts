import { CompleteAsyncError, Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import type { AsyncCompletionClient } from '@temporalio/client'
import { ActivityNotFoundError } from '@temporalio/client'
import type {
  ArchiveRun,
  CallModel,
  ExecuteCall,
  FromHands,
  OpenSession,
  ProvisionHand,
} from '../../src/activities/index.ts'
import type { ModelFault } from '../../src/session/settle.ts'

/** A host whose queue is heard, beside the queue that all hands share. */
export const OTHER_HOST = 'other'

/** The heartbeat time-out is 3 s. */
const BEAT_MS = 1000

type Asked =
  | { readonly name: 'callModel' | 'compact'; readonly input: CallModel }
  | { readonly name: 'execute'; readonly input: ExecuteCall }
  | { readonly name: 'provision'; readonly input: ProvisionHand }
  | { readonly name: 'openSession'; readonly input: OpenSession }

/** An activity that has begun. It ends when the test says so, also when the workflow has given it up long ago. */
export type Begun = Asked & {
  readonly session: string
  /** The request's or the call's id; the command's key for a sandbox made ahead of calls; `open` for the first activity of a session started by hand. */
  readonly key: string
  /** Resolve when the server has it in history, or with false when nobody waits for it any more. */
  complete(result: FromHands & { readonly fault?: ModelFault }): Promise<boolean>
  fail(message: string): Promise<boolean>
}

/**
 * The world of a session in a test's hands: activities that begin when the workflow asks for them and never end by
 * themselves. They are completed from outside, so neither a worker nor its memory is needed in between.
 */
export interface FakeActivities {
  readonly brain: {
    callModel(input: CallModel): Promise<never>
    compact(input: CallModel): Promise<never>
    openSession(input: OpenSession): Promise<never>
    /** Ends at once, or fails as often as it is told to. */
    queueWork(input: { readonly session: string }): Promise<void>
  }
  /** Ends at once: no decision follows from it. */
  readonly archive: { archiveRun(input: ArchiveRun): Promise<void> }
  readonly hands: { execute(input: ExecuteCall): Promise<never>; provision(input: ProvisionHand): Promise<never> }
  /** All of the session's that have begun and were not ended, given up or not, oldest first. */
  under(session: string): readonly Begun[]
  /** Numbers of the session's runs that it had archived, in order, one for every time. */
  archived(session: string): readonly number[]
  /** How often workers were invited to the session. */
  invited(session: string): number
  /** Lets so many invitations to the session fail from now on. */
  refuseInvitations(session: string, times: number): void
  /** Resolves with the activity of this key once it has begun. */
  begun(session: string, key: string): Promise<Begun>
  close(): void
}

export function createFakeActivities(client: AsyncCompletionClient): FakeActivities {
  const under = new Map<string, { readonly begun: Begun; readonly token: Uint8Array }>()
  const waiting = new Map<string, (begun: Begun) => void>()
  const archived: ArchiveRun[] = []
  const invitations: string[] = []
  const refusals = new Map<string, number>()
  // Cancelled ones are kept alive too: they may still end with a result. A beat that fails shows as a further attempt.
  const beat = setInterval(() => {
    for (const { token } of under.values()) void client.heartbeat(token).catch(() => undefined)
  }, BEAT_MS)

  async function end(id: string, send: (token: Uint8Array) => Promise<void>): Promise<boolean> {
    const ended = under.get(id)
    under.delete(id)
    if (!ended) throw new Error(`expected ${id} to be under way`)
    try {
      await send(ended.token)
      return true
    } catch (error) {
      if (error instanceof ActivityNotFoundError) return false
      throw error
    }
  }

  function begin(asked: Asked, key: string): never {
    const { info } = Context.current()
    const session = info.workflowExecution?.workflowId ?? ''
    const id = `${session} ${key}`
    const begun: Begun = {
      ...asked,
      session,
      key,
      complete: (result) => end(id, (token) => client.complete(token, result)),
      fail: (message) => end(id, (token) => client.fail(token, ApplicationFailure.nonRetryable(message))),
    }
    // A later attempt takes the place of the one before it, whose token the server does not take any more.
    under.set(id, { begun, token: info.taskToken })
    waiting.get(id)?.(begun)
    waiting.delete(id)
    throw new CompleteAsyncError()
  }

  return {
    brain: {
      callModel: async (input) => begin({ name: 'callModel', input }, input.request),
      compact: async (input) => begin({ name: 'compact', input }, input.request),
      openSession: async (input) => begin({ name: 'openSession', input }, 'open'),
      async queueWork({ session }) {
        const left = refusals.get(session) ?? 0
        refusals.set(session, left - 1)
        if (left > 0) throw new Error('the queue is away')
        invitations.push(session)
      },
    },
    archive: {
      async archiveRun(input) {
        archived.push(input)
      },
    },
    hands: {
      execute: async (input) => begin({ name: 'execute', input }, input.call.id),
      provision: async (input) => begin({ name: 'provision', input }, `provision ${input.hand}`),
    },
    invited: (session) => invitations.filter((each) => each === session).length,
    refuseInvitations: (session, times) => void refusals.set(session, times),
    archived: (session) => archived.flatMap((input) => (input.session === session ? [input.run] : [])),
    under: (session) => [...under.values()].flatMap(({ begun }) => (begun.session === session ? [begun] : [])),
    begun(session, key) {
      const id = `${session} ${key}`
      const there = under.get(id)
      if (there) return Promise.resolve(there.begun)
      return new Promise((resolve) => waiting.set(id, resolve))
    },
    close: () => clearInterval(beat),
  }
}
