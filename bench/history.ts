import { Arm } from './support/arm.ts'
import { createBenchmark } from './support/benchmark.ts'
import type { Directive } from './support/directive.ts'
import { startBenchModel } from './support/model.ts'
import { startService } from './support/service.ts'
import type { Service } from './support/service.ts'

/** What a conversation leaves in its history. */
export const benchmark = createBenchmark({
  name: 'history',
  title: 'Size of the log',
  question: 'How much does the history of a session grow with a text turn, and with each tool round of a turn?',
  method: `Temporal's own count of events and bytes (\`describe\`), before and after a turn. A text turn is a message of about 80
bytes and an answer of eight words. The tool rounds are those of a turn with five \`bash true\` one after the other: its growth
without that of a text turn, divided by five.`,
  limits: `Content comes on top: a message or a tool's output is in the history once, and so is a long text of an answer; one of up to
some 120 characters twice (in the model's own blocks and in an event). A call's input is there once more, where its activity is
scheduled. A turn that meets a worker's crash or a retry has more events.`,
  async measure({ count }) {
    await using model = await startBenchModel()
    await using service = await startService({ modelUrl: model.url })
    await using arm = await Arm.create({ service, model })
    const rounds = 5
    const text: Size[] = []
    const perRound: Size[] = []
    for (let turn = 0; turn < count(12, 2); turn += 1) {
      const words = await grow(service, arm, {})
      const tools = await grow(service, arm, { tools: 1, rounds })
      text.push(words)
      perRound.push({
        events: (tools.events - words.events) / rounds,
        bytes: (tools.bytes - words.bytes) / rounds,
      })
    }
    const bound = (atMost: number) => ({ aims: [{ of: 'p50', atMost }] as const })
    const events = (sizes: readonly Size[]): readonly number[] => sizes.map((size) => size.events)
    const bytes = (sizes: readonly Size[]): readonly number[] => sizes.map((size) => size.bytes)
    return {
      flags: service.flags,
      series: [
        { label: 'text turn', unit: 'events', samples: events(text), ...bound(12) },
        { label: 'text turn, size', unit: 'bytes', samples: bytes(text) },
        { label: 'tool round', unit: 'events', samples: events(perRound), ...bound(14) },
        { label: 'tool round, size', unit: 'bytes', samples: bytes(perRound) },
      ],
    }
  },
})

interface Size {
  readonly events: number
  readonly bytes: number
}

async function grow(service: Service, arm: Arm, directive: Omit<Directive, 'tag'>): Promise<Size> {
  if (arm.session === undefined) await arm.renew()
  const before = await readSize(service, arm)
  await arm.run(directive)
  const after = await readSize(service, arm)
  return { events: after.events - before.events, bytes: after.bytes - before.bytes }
}

async function readSize(service: Service, { session = '' }: Arm): Promise<Size> {
  const { historyLength, historySize } = await service.temporal.workflow.getHandle(session).describe()
  return { events: historyLength, bytes: historySize ?? Number.NaN }
}
