import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDockerProvider } from '../src/hands/docker/docker.ts'
import { createEngine } from '../src/hands/docker/dockerode.ts'
import { DEFAULT_IMAGE } from '../src/hands/docker/image.ts'
import { createLocalProvider } from '../src/hands/local.ts'
import type { SandboxProvider } from '../src/hands/sandbox.ts'
import { measureCrowd } from './hands/crowd.ts'
import { createToolArms } from './hands/tool-arms.ts'
import { measureBoth } from './sandbox/both.ts'
import type { Arm } from './sandbox/interleave.ts'
import { interleave, time } from './sandbox/interleave.ts'
import { createProviderArms } from './sandbox/provider-arms.ts'
import { createRawDockerArms } from './sandbox/raw-docker.ts'
import { createSpawnArms } from './sandbox/spawn-arms.ts'
import { createBenchmark } from './support/benchmark.ts'
import type { Context } from './support/benchmark.ts'
import type { Aim, Series } from './support/result.ts'

const parallel = 4

export const benchmark = createBenchmark({
  name: 'hands',
  title: 'Tool calls',
  question:
    'What does a call of each tool cost in a warm sandbox, several at once, and in 20 sessions at once, beside the least process of its kind?',
  method: `The tools are called on the sandbox directly: no binding, no Temporal, no model. Every call is a new one, with its
claim and its kept result. Beside them one process: for Docker an exec of \`true\` over the engine's API in a container of the
same image that is not hardened, for local a \`true\` in fresh namespaces by \`unshare\`. In each round every one of them is done once,
and each round begins with the next one; the first rounds are left out. Ratios are of pairs of a round. *Cold* is a new
sandbox and its first run. *By a process of its own* is the same \`bash\` with 60 KB of text behind it, which no resident shell takes: about what
every call would cost without residents, and the reading of 60 KB. Of 20 sessions at once every one is a sample, from their common start to its result.`,
  limits: `Small files, one worker, and one sandbox but where it is 20; the image is there and the page cache warm. \`edit\` is a read and a write.`,
  measure: (context) => measureBoth(context, { local: measureLocal, docker: measureDocker }),
})

async function measureLocal(context: Context): Promise<readonly Series[]> {
  const folder = await mkdtemp(join(tmpdir(), 'longhand-bench-'))
  try {
    return await measureProvider(context, createLocalProvider({ folder }), createSpawnArms().unshare)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function measureDocker(context: Context): Promise<readonly Series[]> {
  // Nobody else's containers bear this name, whatever else runs on the daemon.
  const installation = randomBytes(6).toString('hex')
  await using alone = await createRawDockerArms(DEFAULT_IMAGE)
  const provider = createDockerProvider({ engine: createEngine(), image: DEFAULT_IMAGE, installation })
  return await measureProvider(context, provider, alone.api)
}

async function measureProvider(context: Context, provider: SandboxProvider, least: Arm): Promise<readonly Series[]> {
  const { kind } = provider
  context.say(`${kind}, cold`)
  const colds = await measureCold(context, provider)
  const row = await provider.provision({ sessionId: `bench${process.pid}tools`, generation: 1 })
  try {
    const sandbox = await provider.attach(row)
    if (sandbox === null) throw new Error(`expected the ${kind} sandbox that was just made to live`)
    const tools = await createToolArms(kind, sandbox)
    const rounds = { rounds: context.count(200, 5), warmUp: 5 }
    context.say(`${kind}, warm`)
    const warm = await compare([...tools.warm, least], { rounds, aims: [{ of: 'p50', atMost: 12 }] })
    context.say(`${kind}, ${parallel} at once`)
    const together = {
      name: `${least.name}, ${parallel} at once`,
      once: () => time(() => Promise.all(Array.from({ length: parallel }, () => least.once()))),
    }
    const parallels = await compare([tools.parallel(parallel), together], { rounds, aims: [] })
    context.say(`${kind}, without a resident`)
    const { apart, resident } = tools.residents
    const residents = await compare([apart, resident], { rounds, aims: [] })
    context.say(`${kind}, many sessions`)
    return [...colds, ...warm, ...parallels, ...residents, ...(await measureCrowd(context, provider, least))]
  } finally {
    await provider.destroy(row)
  }
}

async function measureCold(context: Context, provider: SandboxProvider): Promise<readonly Series[]> {
  await using arms = await createProviderArms(provider)
  const times = await interleave([arms.cold], { rounds: context.count(40, 2), warmUp: 2 })
  const aims: readonly Aim[] = [{ of: 'p50', atMost: 350 }]
  return [{ label: arms.cold.name, unit: 'ms', samples: times.get(arms.cold.name) ?? [], aims }]
}

interface Comparison {
  readonly rounds: Parameters<typeof interleave>[1]
  /** Of every arm but the last. */
  readonly aims: readonly Aim[]
}

/** The last arm is what the others stand beside. */
async function compare(arms: readonly Arm[], { rounds, aims }: Comparison): Promise<readonly Series[]> {
  const times = await interleave(arms, rounds)
  const least = arms.at(-1)?.name ?? ''
  return arms.map(({ name }) => ({
    label: name,
    unit: 'ms',
    samples: times.get(name) ?? [],
    ...(name !== least && { baseline: least, paired: true, aims }),
  }))
}
