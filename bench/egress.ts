import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDockerProvider } from '../src/hands/docker/docker.ts'
import { createEngine } from '../src/hands/docker/dockerode.ts'
import { DEFAULT_IMAGE } from '../src/hands/docker/image.ts'
import { createLocalProvider } from '../src/hands/local.ts'
import type { Sandbox, SandboxProvider } from '../src/hands/sandbox.ts'
import type { Asked, Ways } from './egress/ways.ts'
import { hosts, largeBytes, openWays } from './egress/ways.ts'
import { measureBoth } from './sandbox/both.ts'
import { interleave } from './sandbox/interleave.ts'
import { createProviderArms } from './sandbox/provider-arms.ts'
import { createBenchmark } from './support/benchmark.ts'
import type { Context, Outcome } from './support/benchmark.ts'
import type { Series } from './support/result.ts'

export const benchmark = createBenchmark({
  name: 'egress',
  title: 'The way to the network',
  question:
    'What does a request from a sandbox cost, and how much more does a sandbox that has a way out cost to make?',
  method: `The same Python program makes the same requests to a server on loopback: on the host without a proxy, and in a
sandbox, through the forwarder inside and the proxy outside. Each request has a connection of its own, which with TLS is a CONNECT
and a handshake; *passed* means that the proxy does not look into it, *credential* that it ends TLS, puts a secret into a header and
speaks TLS to the server anew, on a connection that it keeps. Throughput is that of one body of 64 MiB. A *cold* call makes a
sandbox and runs \`true\` in it. In each round every one of them is done once, and each round begins with the next one.`,
  limits: `The proxy runs in the process of the benchmark, which serves the requests too: they share a processor. The network
beyond is loopback: what is measured is what this adds to a real one.`,
  measure,
})

const requests: readonly (readonly [name: string, Omit<Asked, 'count' | 'path' | 'bytes'>])[] = [
  ['HTTP', { host: hosts.other, secure: false }],
  ['TLS, passed', { host: hosts.other, secure: true }],
  ['TLS, credential', { host: hosts.trusted, secure: true }],
]

async function measure(context: Context): Promise<Outcome> {
  await using ways = await openWays()
  const folder = await mkdtemp(join(tmpdir(), 'longhand-bench-'))
  const { doors } = ways
  const newInstallation = () => randomBytes(6).toString('hex')
  try {
    return await measureBoth(context, {
      local: (each) => {
        const open = createLocalProvider({ folder: join(folder, 'a'), doors })
        return measureKind(each, ways, [open, createLocalProvider({ folder: join(folder, 'b') })])
      },
      docker: (each) => {
        const common = { engine: createEngine(), image: DEFAULT_IMAGE }
        const open = createDockerProvider({ ...common, installation: newInstallation(), doors })
        return measureKind(each, ways, [open, createDockerProvider({ ...common, installation: newInstallation() })])
      },
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The first provider gives its sandboxes a way out, the second one does not. */
async function measureKind(
  context: Context,
  ways: Ways,
  [open, closed]: readonly [SandboxProvider, SandboxProvider],
): Promise<readonly Series[]> {
  const { kind } = open
  context.say(`${kind}, requests`)
  const row = await open.provision({ sessionId: `bench${process.pid}`, generation: 1 })
  try {
    const sandbox = await open.attach(row)
    if (sandbox === null) throw new Error('expected the sandbox that was just made to live')
    const times = await measureRequests(context, ways, sandbox)
    context.say(`${kind}, cold`)
    return [...times.map((each) => named(kind, each)), ...(await measureCold(context, open, closed))]
  } finally {
    await open.destroy(row)
  }
}

async function measureRequests(context: Context, ways: Ways, sandbox: Sandbox): Promise<readonly Series[]> {
  const rounds = context.count(30, 2)
  const samples = new Map<string, number[]>()
  const add = (name: string, values: readonly number[]) => samples.set(name, [...(samples.get(name) ?? []), ...values])
  for (let round = 0; round < rounds; round++) {
    for (const [name, way] of requests) {
      const few = { ...way, count: 5, path: '/', bytes: 0 }
      const one = { ...way, count: 1, path: '/large', bytes: 0 }
      const up = { ...way, count: 1, path: '/', bytes: largeBytes }
      const made = (what: string) => `${what.replaceAll(/\W+/g, '-')}-${round}`
      add(`${name}: request`, (await ways.through(sandbox, made(`${name} few`), few)).slice(1))
      add(`${name}: 64 MiB in`, await ways.through(sandbox, made(`${name} in`), one))
      add(`${name}: 64 MiB out`, await ways.through(sandbox, made(`${name} out`), up))
      if (way.host === hosts.trusted) continue
      add(`${name}: request without a proxy`, (await ways.direct(few)).slice(1))
      add(`${name}: 64 MiB in without a proxy`, await ways.direct(one))
    }
  }
  return [...samples].map(([label, values]) => toSeries(label, values))
}

/** @param times milliseconds. */
function toSeries(label: string, times: readonly number[]): Series {
  if (!label.includes('64 MiB')) return { label, unit: 'ms', samples: times }
  return { label, unit: 'MiB/s', samples: times.map((ms) => largeBytes / 2 ** 20 / (ms / 1_000)) }
}

async function measureCold(
  context: Context,
  open: SandboxProvider,
  closed: SandboxProvider,
): Promise<readonly Series[]> {
  await using withWay = await createProviderArms(open)
  await using without = await createProviderArms(closed)
  const [name, other] = [`${open.kind}, cold: with a way out`, `${open.kind}, cold: without`]
  const arms = [
    { name, once: withWay.cold.once },
    { name: other, once: without.cold.once },
  ]
  const times = await interleave(arms, { rounds: context.count(40, 3), warmUp: 2 })
  const of = (arm: string) => ({ label: arm, unit: 'ms' as const, samples: times.get(arm) ?? [] })
  return [{ ...of(name), baseline: other, paired: true, aims: [{ of: 'p50', atMost: 450 }] }, of(other)]
}

function named(kind: string, { label, ...rest }: Series): Series {
  const direct = label.endsWith('without a proxy') ? undefined : `${kind}, ${label} without a proxy`
  const hasDirect = direct !== undefined && !/credential|out$/.test(label)
  return { ...rest, label: `${kind}, ${label}`, ...(hasDirect && { baseline: direct }) }
}
