import { startHop } from './deltas/baseline.ts'
import type { Hop } from './deltas/baseline.ts'
import { Arm } from './support/arm.ts'
import { createBenchmark } from './support/benchmark.ts'
import type { Context } from './support/benchmark.ts'
import { lengthsOf } from './support/directive.ts'
import { startBenchModel } from './support/model.ts'
import type { BenchModel, ModelCall } from './support/model.ts'
import { startService } from './support/service.ts'
import type { Service } from './support/service.ts'

const words = 100
const gapMs = 10
/** Before the first byte, as models take their time: a delta is held until its request stands in the log. */
const waitMs = 50
const many = 1_000

/** How long a piece of text is on its way. */
export const benchmark = createBenchmark({
  name: 'deltas',
  title: 'Deltas on their way',
  question: 'How long is text on its way from the model to a client that watches?',
  method: `The model waits ${waitMs} ms and writes one word every ${gapMs} ms, 8 in most answers and ${words} in every 10th. A delta counts as arrived when the
official client, with \`event_deltas: ["agent.message"]\`, holds text up to its end: deltas are coalesced on the way, and the
finished message takes the place of those that are still on it. *First*: from the model's first byte (its \`message_start\`) to the first text at the client. *Later*: each of the other
deltas from its write. Both ends are in one process and on one clock. In turns with it the same answer goes from the model to
a client through one plain Node process that passes bytes on.

*History*: a turn of ${many} deltas, watched, against a turn with the same text in one delta, each in a session of its own:
difference of events and bytes as Temporal counts them. Ids and times are of different lengths, so a few bytes differ.`,
  limits: `One session, one reader. The model's process is also the client's, so what both compute adds to every row.`,
  async measure(context) {
    await using model = await startBenchModel()
    await using service = await startService({ modelUrl: model.url })
    await using hop = await startHop(model.url)
    const { ours, plain } = await measureLatency({ service, model, hop }, context)
    const growth = await measureHistory(service, model, context)
    const bound = (of: 'p50' | 'p99', atMost: number) => ({ of, atMost })
    return {
      flags: service.flags,
      series: [
        {
          label: 'first delta',
          unit: 'ms',
          samples: ours.first,
          baseline: 'first delta, one hop',
          paired: true,
          aims: [bound('p50', 2), bound('p99', 15)],
        },
        { label: 'first delta, one hop', unit: 'ms', samples: plain.first },
        {
          label: 'later deltas',
          unit: 'ms',
          samples: ours.later,
          baseline: 'later deltas, one hop',
          paired: true,
          aims: [bound('p50', 22)],
        },
        { label: 'later deltas, one hop', unit: 'ms', samples: plain.later },
        { label: `history per ${many} deltas`, unit: 'events', samples: growth.events, aims: [bound('p50', 0)] },
        { label: `history per ${many} deltas, size`, unit: 'bytes', samples: growth.bytes, aims: [bound('p50', 64)] },
      ],
    }
  },
})

interface Latency {
  readonly first: number[]
  readonly later: number[]
}

interface Parts {
  readonly service: Service
  readonly model: BenchModel
  readonly hop: Hop
}

async function measureLatency(
  { service, model, hop }: Parts,
  { count, say }: Context,
): Promise<{ readonly ours: Latency; readonly plain: Latency }> {
  await using arm = await Arm.create({ service, model, previews: true })
  const ours: Latency = { first: [], later: [] }
  const plain: Latency = { first: [], later: [] }
  // Short answers for the first delta, and now and then a long one for the others.
  const rounds = count(200, 6)
  say(`${rounds} rounds`)
  for (let round = 0; round < rounds; round += 1) {
    const directive = { gapMs, waitMs, ...(round % 10 === 0 && { words }) }
    const { times, calls } = await arm.run(directive)
    const tag = `hop-${round}`
    const arrived = await hop.ask({ ...directive, tag })
    const [call] = calls
    const own = model.take(tag, 0)
    if (call === undefined) throw new Error('expected a call of the model')
    const whole = { at: times.messageAt, length: Number.POSITIVE_INFINITY }
    add(ours, toLatency(call, [...times.deltas, whole], directive.words))
    add(plain, toLatency(own, arrived, directive.words))
  }
  return { ours, plain }
}

function add(to: Latency, [first = Number.NaN, ...later]: readonly number[]): void {
  to.first.push(first)
  to.later.push(...later)
}

/** Milliseconds on the way, one for each of the model's deltas; the first one counts from the first byte. */
function toLatency(
  { firstByteAt, deltaAt }: ModelCall,
  arrived: readonly { readonly at: number; readonly length: number }[],
  count: number | undefined,
): readonly number[] {
  const lengths = lengthsOf(count)
  return deltaAt.map((writtenAt, index) => {
    const there = arrived.find(({ length }) => length >= (index === 0 ? 1 : (lengths[index] ?? Number.NaN)))
    if (there === undefined) throw new Error('the client lacks text that the model wrote')
    return there.at - (index === 0 ? firstByteAt : writtenAt)
  })
}

interface Growth {
  readonly events: readonly number[]
  readonly bytes: readonly number[]
}

async function measureHistory(service: Service, model: BenchModel, { count, say }: Context): Promise<Growth> {
  say(`history, ${many} deltas`)
  const grow = async (whole: boolean): Promise<{ events: number; bytes: number }> => {
    await using arm = await Arm.create({ service, model, previews: true })
    await arm.run({ words: many, whole })
    const { historyLength, historySize } = await service.temporal.workflow.getHandle(arm.session ?? '').describe()
    return { events: historyLength, bytes: historySize ?? Number.NaN }
  }
  const events: number[] = []
  const bytes: number[] = []
  for (let pair = 0; pair < count(5, 1); pair += 1) {
    const apart = await grow(false)
    const whole = await grow(true)
    // Two turns: the one that is not counted elsewhere has as many deltas.
    events.push((apart.events - whole.events) / 2)
    bytes.push((apart.bytes - whole.bytes) / 2)
  }
  return { events, bytes }
}
