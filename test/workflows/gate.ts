import type { Payload, PayloadCodec } from '@temporalio/common'

/** What a codec is told of the payloads' owner, as far as a gate looks at it. */
type Owner = Parameters<PayloadCodec['decode']>[1]

/**
 * Holds a session's workflow tasks in the worker. A codec sees a task before the workflow does and its commands before
 * the server does, so what happens while a task is held is buffered by the server and stands in one later activation.
 */
export interface Gate {
  readonly codec: PayloadCodec
  close(session: string): void
  open(session: string): void
  /** Resolves when a task of the session, whose gate is closed, is being held. */
  whenHeld(session: string): Promise<void>
}

interface Closed {
  readonly opened: Promise<void>
  readonly open: () => void
  readonly held: Promise<void>
  readonly tellHeld: () => void
}

export function createGate(): Gate {
  const closed = new Map<string, Closed>()

  async function pass(payloads: Payload[], owner: Owner): Promise<Payload[]> {
    const gate = closed.get(owner?.workflowId ?? '')
    gate?.tellHeld()
    await gate?.opened
    return payloads
  }

  return {
    codec: { encode: pass, decode: pass },
    close(session) {
      const [opened, open] = createPromise()
      const [held, tellHeld] = createPromise()
      closed.set(session, { opened, open, held, tellHeld })
    },
    open(session) {
      closed.get(session)?.open()
      closed.delete(session)
    },
    whenHeld: (session) =>
      closed.get(session)?.held ?? Promise.reject(new Error(`expected a closed gate of ${session}`)),
  }
}

function createPromise(): [promise: Promise<void>, resolve: () => void] {
  let resolve = (): void => undefined
  const promise = new Promise<void>((done) => (resolve = done))
  return [promise, resolve]
}
