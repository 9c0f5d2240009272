import { setTimeout as delay } from 'node:timers/promises'
import { BareSession, startBareWorker } from './bare/bare-session.ts'
import { createBenchmark } from './support/benchmark.ts'
import type { Context, Outcome } from './support/benchmark.ts'
import { Conversation, prepare } from './support/conversation.ts'
import { startBenchModel } from './support/model.ts'
import type { BenchModel } from './support/model.ts'
import { startService } from './support/service.ts'
import type { Synchronous } from './support/temporal.ts'

/** A session takes 20 messages a second, and its history should stay that of an ordinary one. */
const restMs = 20
const turnsOfSession = 50

/** How long a client waits until its message cannot be lost any more. */
export const benchmark = createBenchmark({
  name: 'ingest',
  title: 'Message in, acknowledged',
  question: 'How long does `POST /v1/sessions/{id}/events` take until its 2xx, when the message is durable?',
  method: `The official client sends one message of about 60 bytes to an idle session on a kept-alive connection, waits for the
answer, and then for the end of the turn. In turns with it, a bare workflow that waits is signalled by \`@temporalio/client\` on
the same server from the same process: the least that a durable message can cost here. Who goes first changes with every pair.
Every ${turnsOfSession} pairs both get fresh workflows; the first pair of each is not counted.`,
  limits: `One client at a time: nothing is said about acknowledgements per second over many sessions. The bare signal carries no
payload and leaves no row in Postgres.`,
  async measure(context) {
    await using model = await startBenchModel()
    const full = await measurePairs({ model, context, synchronous: 'full', pairs: context.count(1_000, 20) })
    const normal = await measurePairs({ model, context, synchronous: 'normal', pairs: context.count(200, 10) })
    const aims = [
      { of: 'p50', atMost: 10 },
      { of: 'p99', atMost: 60 },
    ] as const
    return {
      flags: full.flags,
      series: [
        { label: 'POST events', unit: 'ms', samples: full.posts, baseline: 'bare signal', paired: true, aims },
        { label: 'bare signal', unit: 'ms', samples: full.signals },
        {
          label: 'POST events, `normal`',
          unit: 'ms',
          samples: normal.posts,
          baseline: 'bare signal, `normal`',
          paired: true,
        },
        { label: 'bare signal, `normal`', unit: 'ms', samples: normal.signals },
      ],
    } satisfies Outcome
  },
})

interface Plan {
  readonly model: BenchModel
  readonly context: Context
  readonly synchronous: Synchronous
  readonly pairs: number
}

interface Pairs {
  readonly posts: readonly number[]
  readonly signals: readonly number[]
  readonly flags: readonly string[]
}

async function measurePairs({ model, context, synchronous, pairs }: Plan): Promise<Pairs> {
  await using service = await startService({ modelUrl: model.url, synchronous })
  await using _worker = await startBareWorker(service.dev.state().temporal_address)
  const prepared = await prepare(service.sdk)
  const posts: number[] = []
  const signals: number[] = []
  while (posts.length < pairs) {
    context.say(`synchronous=${synchronous}: ${posts.length} of ${pairs} pairs`)
    await using conversation = await Conversation.open(service.sdk, prepared)
    await using bare = await BareSession.start(service.connection)
    const count = Math.min(turnsOfSession, pairs - posts.length)
    const post = async (tag: string): Promise<number> => {
      const { sentAt, ackedAt } = await conversation.turn({ tag })
      model.take(tag, 0)
      return ackedAt - sentAt
    }
    const signal = async (): Promise<number> => {
      const done = bare.done()
      const took = await bare.signal()
      await done
      return took
    }
    for (let pair = 0; pair <= count; pair += 1) {
      const took = { post: 0, signal: 0 }
      for (const who of pair % 2 === 0 ? (['post', 'signal'] as const) : (['signal', 'post'] as const)) {
        took[who] = who === 'post' ? await post(`${synchronous}-${posts.length}-${pair}`) : await signal()
        await delay(restMs)
      }
      if (pair === 0) continue
      posts.push(took.post)
      signals.push(took.signal)
    }
  }
  return { posts, signals, flags: service.flags }
}
