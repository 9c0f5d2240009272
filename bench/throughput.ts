import { setTimeout as delay } from 'node:timers/promises'
import { BareSession, startBareWorker } from './bare/bare-session.ts'
import { createBenchmark } from './support/benchmark.ts'
import { Conversation, prepare } from './support/conversation.ts'
import { readCpuMs } from './support/cpu.ts'
import { startBenchModel } from './support/model.ts'
import type { BenchModel } from './support/model.ts'
import type { Series } from './support/result.ts'
import { parts, startService } from './support/service.ts'
import type { Service } from './support/service.ts'

const sessions = 20

/** Turns that the machine gets done when many sessions are busy. */
export const benchmark = createBenchmark({
  name: 'throughput',
  title: 'Throughput',
  question: 'How many text turns per second do 20 busy sessions get done on this machine?',
  method: `Each of ${sessions} sessions with an open stream sends its next message as soon as its turn has ended. A round lasts ten
seconds, after three that are not counted; a sample is the turns that ended in a round over its seconds. Rounds alternate with
the baseline's: ${sessions} bare workflows on the same Temporal server, signalled by \`@temporalio/client\` from the same
process, whose turn is one activity that returns at once and whose end is read by a long poll of history. *CPU* is what a
part of the service, with the processes that it started, spent in a round over the round's turns; *client* is the process
that measures, with the model in it.`,
  limits: `Client, model, api, worker, Temporal and Postgres share the cores, so this is what a whole small machine does. Closed
loop: a slower service gets fewer messages. The bare workflow has neither a model call over HTTP, a log of events, an API,
nor a stream.`,
  async measure({ count, say }) {
    await using model = await startBenchModel()
    await using service = await startService({ modelUrl: model.url })
    await using _worker = await startBareWorker(service.dev.state().temporal_address)
    const plan = { warmUpMs: count(3_000, 1_000), roundMs: count(10_000, 3_000) }
    const ours: Round[] = []
    const bare: Round[] = []
    for (let round = 0; round < count(4, 1); round += 1) {
      say(`round ${round + 1}`)
      ours.push(await runSessions({ ...plan, service }, model, round))
      bare.push(await runBare({ ...plan, service }))
    }
    const aims = [{ of: 'p50', atLeast: 45 }] as const
    const perSecond = (rounds: readonly Round[]): readonly number[] => rounds.map((round) => round.turnsPerSecond)
    return {
      flags: service.flags,
      series: [
        {
          label: 'text turns, 20 sessions',
          unit: 'turns/s',
          samples: perSecond(ours),
          baseline: 'bare workflow',
          paired: true,
          aims,
        },
        { label: 'bare workflow', unit: 'turns/s', samples: perSecond(bare) },
        ...places.map((place): Series => {
          const samples = ours.map(({ cpu }) => cpu[place])
          const beside = place === 'temporal' ? { baseline: 'CPU of a bare turn: temporal', paired: true } : {}
          return { label: `CPU of a text turn: ${place}`, unit: 'ms', samples, ...beside }
        }),
        {
          label: 'CPU of a bare turn: temporal',
          unit: 'ms',
          samples: bare.map(({ cpu }) => cpu.temporal),
        },
      ],
    }
  },
})

const places = [...parts, 'client'] as const

interface Round {
  readonly turnsPerSecond: number
  /** Milliseconds for each turn. */
  readonly cpu: Readonly<Record<(typeof places)[number], number>>
}

interface Plan {
  readonly service: Service
  readonly warmUpMs: number
  readonly roundMs: number
}

async function runSessions(plan: Plan, model: BenchModel, round: number): Promise<Round> {
  const { sdk } = plan.service
  const prepared = await prepare(sdk)
  const talks = await Promise.all(Array.from({ length: sessions }, () => Conversation.open(sdk, prepared)))
  const turns = talks.map((talk, session) => async (turn: number) => {
    const tag = `throughput-${round}-${session}-${turn}`
    await talk.turn({ tag })
    model.take(tag, 0)
  })
  const result = await countTurns(plan, turns)
  for (const talk of talks) await talk[Symbol.asyncDispose]()
  return result
}

async function runBare(plan: Plan): Promise<Round> {
  const { connection } = plan.service
  const workflows = await Promise.all(Array.from({ length: sessions }, () => BareSession.start(connection)))
  const result = await countTurns(
    plan,
    workflows.map((workflow) => async () => void (await Promise.all([workflow.done(), workflow.signal()]))),
  )
  for (const workflow of workflows) await workflow[Symbol.asyncDispose]()
  return result
}

/** All sessions run turn after turn; counted are those that end between the warm-up and the end of the round. */
async function countTurns(
  { service, warmUpMs, roundMs }: Plan,
  turns: readonly ((turn: number) => Promise<void>)[],
): Promise<Round> {
  const round = { ended: 0, isOver: false }
  const running = turns.map(async (turn) => {
    for (let index = 0; !round.isOver; index += 1) {
      await turn(index)
      round.ended += 1
    }
  })
  const all = Promise.all(running)
  const pids = service.pids()
  // A turn that fails ends the round at once.
  await Promise.race([delay(warmUpMs), all])
  const before = { ended: round.ended, at: performance.now(), cpu: await readAll(pids) }
  await Promise.race([delay(roundMs), all])
  const ended = round.ended - before.ended
  const seconds = (performance.now() - before.at) / 1000
  const cpu = await readAll(pids)
  round.isOver = true
  await all
  const spent = places.map((place) => [place, (cpu[place] - before.cpu[place]) / ended])
  // One number for each place.
  return { turnsPerSecond: ended / seconds, cpu: Object.fromEntries(spent) as Round['cpu'] }
}

async function readAll(pids: ReturnType<Service['pids']>): Promise<Round['cpu']> {
  const { user, system } = process.cpuUsage()
  return { ...(await readCpuMs(pids)), client: (user + system) / 1000 }
}
