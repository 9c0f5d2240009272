import { Arm, toOverhead } from './support/arm.ts'
import { createBenchmark } from './support/benchmark.ts'
import type { Context } from './support/benchmark.ts'
import { startBenchModel } from './support/model.ts'
import type { BenchModel } from './support/model.ts'
import type { Series } from './support/result.ts'
import { startService } from './support/service.ts'

type Kind = 'local' | 'docker'
const aims = { local: 120, docker: 150 }

/** What the smallest real command costs. */
export const benchmark = createBenchmark({
  name: 'tool-turn',
  title: 'A turn with one command',
  question: 'How long does a turn with one `bash true` in a warm sandbox take, without the model?',
  method: `From the client's request until the client's stream brings \`session.status_idle\`, minus the time of the two model
requests. The worker and the sandbox are those of \`longhand dev\`. The first turn of a session, which makes its sandbox, is not
counted; sessions are renewed every 40 turns. Between turns there is a rest of 30 ms.`,
  limits: `The sandbox is warm: what a cold one takes is in *Sandbox calls*. The two kinds are measured one after the other, not in
pairs.`,
  async measure(context) {
    await using model = await startBenchModel()
    const series: Series[] = []
    const notes: string[] = []
    let flags: readonly string[] = []
    for (const kind of ['local', 'docker'] as const) {
      try {
        const measured = await measureKind(kind, model, context)
        flags = measured.flags
        const bound = [{ of: 'p50', atMost: aims[kind] }] as const
        series.push({ label: `\`bash true\`, ${kind}`, unit: 'ms', samples: measured.samples, aims: bound })
      } catch (error) {
        // A machine without this kind is measured for the other one.
        notes.push(`${kind}: not measured: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
    if (series.length === 0) throw new Error(`no kind of sandbox could be measured: ${notes.join('; ')}`)
    return { series, flags, notes }
  },
})

async function measureKind(
  sandbox: Kind,
  model: BenchModel,
  { count, say }: Context,
): Promise<{ readonly samples: readonly number[]; readonly flags: readonly string[] }> {
  await using service = await startService({ modelUrl: model.url, sandbox })
  await using arm = await Arm.create({ service, model })
  const turns = count(120, 5)
  say(`${sandbox}, ${turns} turns`)
  const samples: number[] = []
  while (samples.length < turns) samples.push(toOverhead(await arm.run({ tools: 1, input: { command: 'true' } })))
  return { samples, flags: service.flags }
}
