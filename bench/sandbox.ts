import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDockerProvider } from '../src/hands/docker/docker.ts'
import { createEngine } from '../src/hands/docker/dockerode.ts'
import { DEFAULT_IMAGE } from '../src/hands/docker/image.ts'
import { createLocalProvider } from '../src/hands/local.ts'
import { measureBoth } from './sandbox/both.ts'
import type { Arm } from './sandbox/interleave.ts'
import { interleave } from './sandbox/interleave.ts'
import { createProviderArms } from './sandbox/provider-arms.ts'
import { createRawDockerArms } from './sandbox/raw-docker.ts'
import { createSpawnArms } from './sandbox/spawn-arms.ts'
import { createBenchmark } from './support/benchmark.ts'
import type { Context } from './support/benchmark.ts'
import type { Aim, Series } from './support/result.ts'

export const benchmark = createBenchmark({
  name: 'sandbox',
  title: 'Sandbox calls',
  question: 'What does a call in a sandbox cost, cold and warm, beside the least that the same isolation can cost?',
  method: `The provider and its runner are called directly: no tool, no binding, no Temporal. A *warm* call runs \`true\` in a
sandbox that lives throughout, from the request to the result, with the claim that lets a second caller join and the output
that is kept. A *cold* call makes a sandbox and runs \`true\` in it; *provision* is its first part. Removing the sandbox is not
in the figure. The least beside it: a process in fresh namespaces (\`unshare\`, \`bwrap\`), and for Docker a container of the same
image without network but not hardened, its exec over the engine's API and by the \`docker\` command. In each round every one of
them is done once, and each round begins with the next one; the first rounds are left out. Ratios are of pairs of a round.`,
  limits: `One call at a time. The image is there already, and the page cache is warm. A local cold call shares the host's \`/usr\`: it
has nothing to fetch.`,
  measure: (context) => measureBoth(context, { local: measureLocal, docker: measureDocker }),
})

async function measureLocal(context: Context): Promise<readonly Series[]> {
  const folder = await mkdtemp(join(tmpdir(), 'longhand-bench-'))
  try {
    await using arms = await createProviderArms(createLocalProvider({ folder }))
    const { spawn, unshare, bubblewrap } = createSpawnArms()
    const cold = { rounds: context.count(50, 3), warmUp: 2 }
    const warm = { rounds: context.count(300, 10), warmUp: 5 }
    context.say('local, cold')
    const first = await compare([arms.cold, bubblewrap], cold)
    context.say('local, warm')
    const later = await compare([arms.warm, unshare, spawn], warm)
    return [...first, arms.provision(cold.warmUp), ...later]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function measureDocker(context: Context): Promise<readonly Series[]> {
  // Nobody else's containers bear this name, whatever else runs on the daemon.
  const installation = randomBytes(6).toString('hex')
  const provider = createDockerProvider({ engine: createEngine(), image: DEFAULT_IMAGE, installation })
  await using arms = await createProviderArms(provider)
  await using alone = await createRawDockerArms(DEFAULT_IMAGE)
  const cold = { rounds: context.count(40, 3), warmUp: 2 }
  context.say('docker, cold')
  const first = await compare([arms.cold, alone.cold], cold, [{ of: 'p50', atMost: 350 }])
  context.say('docker, warm')
  const later = await compare([arms.warm, alone.api, alone.cli], { rounds: context.count(200, 10), warmUp: 5 })
  return [...first, arms.provision(cold.warmUp), ...later]
}

/** The first arm is ours, the second one what it stands beside. */
async function compare(
  arms: readonly [Arm, Arm, ...Arm[]],
  rounds: Parameters<typeof interleave>[1],
  aims: readonly Aim[] = [],
): Promise<readonly Series[]> {
  const times = await interleave(arms, rounds)
  const [ours, least] = arms
  return arms.map((arm) => ({
    label: arm.name,
    unit: 'ms',
    samples: times.get(arm.name) ?? [],
    ...(arm === ours && { baseline: least.name, paired: true, aims }),
  }))
}
