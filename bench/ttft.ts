import { setTimeout as delay } from 'node:timers/promises'
import Anthropic from '@anthropic-ai/sdk'
import { Arm } from './support/arm.ts'
import { createBenchmark } from './support/benchmark.ts'
import type { Context } from './support/benchmark.ts'
import { now } from './support/clock.ts'
import { prepare } from './support/conversation.ts'
import { toText } from './support/directive.ts'
import type { Directive } from './support/directive.ts'
import { startBenchModel } from './support/model.ts'
import type { BenchModel, ModelCall } from './support/model.ts'
import { startService } from './support/service.ts'
import type { Service } from './support/service.ts'

/** The stream of a new session can only be opened when its id is known: its model must not have begun by then. */
const modelMs = 400
/** A turn that takes longer than this has failed. */
const mostMs = 60_000

/** What is between a client and the first word. */
export const benchmark = createBenchmark({
  name: 'ttft',
  title: 'Time to the first token',
  question: 'How much later does the first token come than from the model itself?',
  method: `Overhead: (client has its first delta − client sends its request) − (model writes its first byte − model has the
request's head), both on one clock. The client is the official one with \`event_deltas: ["agent.message"]\` on an open stream.

- *warm session*: a further turn of a session; the model answers at once, one of eight words every 10 ms. Sessions are renewed every 40 turns.
- *new session*: \`sessions.create\` with \`initial_events\`, then the stream is opened. The model waits ${modelMs} ms before its first
  byte, as previews are not replayed to a stream that is opened behind them.
- *after a worker restart*: the worker process was ended in good order and started again; the next turn of a session that it
  knew before. Several sessions for each restart, one after the other, so that only the first meets a worker that has done
  nothing yet.
- *direct*: the official client asks the model for the same words over HTTP, in turns with the warm session.`,
  limits: `One session at a time.`,
  async measure(context) {
    await using model = await startBenchModel()
    await using service = await startService({ modelUrl: model.url })
    const { warm, direct } = await measureWarm(service, model, context)
    const { samples: fresh, late } = await measureNew(service, model, context)
    const restarted = await measureRestarts(service, model, context)
    const bounds = (p50: number, p95: number) =>
      [
        { of: 'p50', atMost: p50 },
        { of: 'p95', atMost: p95 },
      ] as const
    const beside = { unit: 'ms', baseline: 'direct' } as const
    return {
      flags: service.flags,
      notes: late > 0 ? [`new session: ${late} more were opened too late for their preview and are not counted`] : [],
      series: [
        { label: 'warm session', samples: warm, ...beside, paired: true, aims: bounds(25, 60) },
        { label: 'new session', samples: fresh, ...beside, aims: bounds(60, 150) },
        { label: 'after a worker restart', samples: restarted, ...beside },
        { label: 'direct', unit: 'ms', samples: direct },
      ],
    }
  },
})

/** Real answers take their time: one that ends with its first word has no preview. */
const answer = { words: 8, gapMs: 10 }

function toOverhead(sentAt: number, deltaAt: number | undefined, { receivedAt, firstByteAt }: ModelCall): number {
  if (deltaAt === undefined) throw new Error('the turn had no preview')
  return deltaAt - sentAt - (firstByteAt - receivedAt)
}

interface Warm {
  readonly warm: readonly number[]
  readonly direct: readonly number[]
}

async function measureWarm(service: Service, model: BenchModel, { count, say }: Context): Promise<Warm> {
  await using arm = await Arm.create({ service, model, previews: true })
  const client = new Anthropic({ baseURL: model.url, apiKey: 'bench', authToken: null, maxRetries: 0 })
  const rounds = count(250, 5)
  say(`warm session, ${rounds} turns`)
  const warm: number[] = []
  const direct: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const turn = async (): Promise<void> => {
      const { times, calls } = await arm.run(answer)
      const [call] = calls
      if (call) warm.push(toOverhead(times.sentAt, times.deltas[0]?.at, call))
    }
    const ask = async (): Promise<void> => {
      const tag = `direct-${round}`
      const { sentAt, deltaAt } = await askModel(client, { ...answer, tag })
      direct.push(toOverhead(sentAt, deltaAt, model.take(tag, 0)))
    }
    for (const one of round % 2 === 0 ? [turn, ask] : [ask, turn]) await one()
  }
  return { warm, direct }
}

async function askModel(
  client: Anthropic,
  directive: Directive,
): Promise<{ sentAt: number; deltaAt: number | undefined }> {
  const sentAt = now()
  const messages = [{ role: 'user' as const, content: toText(directive) }]
  const stream = await client.messages.create({ model: 'scripted', max_tokens: 1_024, messages, stream: true })
  let deltaAt: number | undefined
  for await (const event of stream) if (event.type === 'content_block_delta') deltaAt ??= now()
  return { sentAt, deltaAt }
}

interface Fresh {
  readonly samples: readonly number[]
  /** Sessions whose stream was opened when the answer had begun. */
  readonly late: number
}

async function measureNew(service: Service, model: BenchModel, { count, say }: Context): Promise<Fresh> {
  const { sdk } = service
  const { agent, environment } = await prepare(sdk)
  const rounds = count(100, 3)
  say(`new session, ${rounds} sessions`)
  const samples: number[] = []
  let late = 0
  // The first one opens connections and is not counted.
  for (let round = 0; round <= rounds; round += 1) {
    const tag = `new-${round}`
    const content = [{ type: 'text' as const, text: toText({ ...answer, tag, waitMs: modelMs }) }]
    const initial_events = [{ type: 'user.message' as const, content }]
    const sentAt = now()
    const { id } = await sdk.beta.sessions.create({ agent, environment_id: environment, initial_events })
    const deltaAt = await readFirst(sdk, id)
    await sdk.beta.sessions.delete(id)
    const call = model.take(tag, 0)
    if (deltaAt === undefined) late += 1
    else if (round > 0) samples.push(toOverhead(sentAt, deltaAt, call))
  }
  return { samples, late }
}

/** Watches a session until it is idle; when its first text came, undefined if the stream was opened behind it. */
async function readFirst(sdk: Anthropic, session: string): Promise<number | undefined> {
  const signal = AbortSignal.timeout(mostMs)
  const stream = await sdk.beta.sessions.events.stream(session, { event_deltas: ['agent.message'] }, { signal })
  let deltaAt: number | undefined
  for await (const event of stream) {
    if (event.type === 'event_delta') deltaAt ??= now()
    if (event.type === 'session.status_idle') break
  }
  return deltaAt
}

async function measureRestarts(
  service: Service,
  model: BenchModel,
  { count, say }: Context,
): Promise<readonly number[]> {
  const sessions = count(10, 2)
  const arms = await Promise.all(Array.from({ length: sessions }, () => Arm.create({ service, model, previews: true })))
  const samples: number[] = []
  for (let restart = 0; restart < count(3, 1); restart += 1) {
    say(`worker restart ${restart + 1}, ${sessions} sessions`)
    for (const arm of arms) await arm.renew(answer)
    await restartWorker(service)
    for (const arm of arms) {
      const { times, calls } = await arm.run(answer)
      const [call] = calls
      if (call) samples.push(toOverhead(times.sentAt, times.deltas[0]?.at, call))
    }
  }
  for (const arm of arms) await arm[Symbol.asyncDispose]()
  return samples
}

/** Ends the worker as a deploy would, and resolves when a new one serves. */
async function restartWorker({ dev }: Service): Promise<void> {
  const { worker } = dev.state().pids
  if (worker === null) throw new Error('expected a worker to restart')
  dev.supervisor.hold('worker')
  process.kill(worker, 'SIGTERM')
  while (dev.supervisor.pid('worker') === worker) await delay(20)
  await dev.supervisor.release('worker')
}
