import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Faults } from './judge.ts'

export type Channel = 'event' | 'delta'

export interface Target {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly readers: number
}

export interface Expectation {
  readonly channel: Channel
  /** By target: the keys that each of its readers is to see, in order. */
  readonly expected: readonly (readonly string[])[]
  /** By target: when each key was made, where the frames do not say it themselves. */
  readonly madeAt?: readonly Readonly<Record<string, number>>[]
  /** How long to wait for the last key. */
  readonly patienceMs: number
}

export interface Report {
  /** What `latency` and `spread` stand for: one for each key and reader. */
  readonly deliveries: number
  /** Milliseconds from the making to the read; at most 1,001 quantiles. */
  readonly latency: readonly number[]
  /** Milliseconds from the first reader's read to the read. */
  readonly spread: readonly number[]
  readonly faults: Faults
  /** Ends of previews that were not sent, as keys and readers. */
  readonly shed: number
  /** Why streams ended by themselves. */
  readonly broken: readonly string[]
}

export type Order =
  | { readonly do: 'open'; readonly targets: readonly Target[] }
  | ({ readonly do: 'report' } & Expectation)
  | { readonly do: 'forget' }
  | { readonly do: 'close' }

export interface Reply {
  readonly report?: Report
  readonly error?: string
}

/** A process that reads streams, so that reading them takes no time of what sends or measures. */
export interface Readers extends AsyncDisposable {
  /** Resolves when all streams have their headers. */
  open(targets: readonly Target[]): Promise<void>
  report(expectation: Expectation): Promise<Report>
  /** Empties what the readers have kept. */
  forget(): Promise<void>
  close(): Promise<void>
}

export function startReaders(): Readers {
  const child = fork(new URL('./readers-process.ts', import.meta.url), { execArgv: ['--import', 'tsx'] })
  const ended = once(child, 'exit')

  async function ask(order: Order): Promise<Reply> {
    child.send(order)
    // Either of the two processes answers every order, or is gone.
    const [reply] = (await Promise.race([
      once(child, 'message'),
      ended.then(() => [{ error: 'the process of the readers has ended' }]),
    ])) as [Reply]
    if (reply.error !== undefined) throw new Error(reply.error)
    return reply
  }

  return {
    open: async (targets) => void (await ask({ do: 'open', targets })),
    async report(expectation) {
      const { report } = await ask({ do: 'report', ...expectation })
      if (!report) throw new Error('expected the readers to report')
      return report
    },
    forget: async () => void (await ask({ do: 'forget' })),
    close: async () => void (await ask({ do: 'close' })),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
