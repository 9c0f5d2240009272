import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import type Anthropic from '@anthropic-ai/sdk'
import { cacheFolder } from '../src/config.ts'
import { startDemoModel } from '../src/model/demo/demo-model.ts'
import type { Aborts } from './interrupt/aborts.ts'
import { openAborts } from './interrupt/aborts.ts'
import { findCommand, untilGone } from './interrupt/commands.ts'
import { Watched } from './interrupt/watched.ts'
import { createBenchmark } from './support/benchmark.ts'
import type { Context, Outcome } from './support/benchmark.ts'
import type { Prepared } from './support/conversation.ts'
import { prepare } from './support/conversation.ts'
import type { Series } from './support/result.ts'
import { startService } from './support/service.ts'
import type { Flags } from './support/temporal.ts'

/** Sessions are renewed, so that their histories stay those of ordinary ones. */
const TURNS = 15
const REST_MS = 50
/** Servers that push cancellations to workers, given both settings. */
const PUSHES = /^(1\.(3[2-9]|[4-9]\d|\d{3,})|[2-9]|\d{2,})\./

export const benchmark = createBenchmark({
  name: 'interrupt',
  title: 'An interrupt, and an approval',
  question:
    'How long does it take until an interrupted session is idle, and its model call and its command have ended?',
  method: `The worker and the local sandbox are those of \`longhand dev\`. *Model*: the model is silent when the interrupt is sent.
*Command*: a \`sleep\` runs in the warm sandbox. The clock starts at the client's request. *Idle*: the client's stream brings
\`session.status_idle\`. *Told*: the \`AbortSignal\` of the activity fires in the worker. *Gone*: the process of the command is not
there any more. *Pushed*: the Temporal server sends a cancellation to the worker at once; *beating*: without the two settings
for that, where an activity learns of it with its next heartbeat. *Approval*: from the client's confirmation to the time that
\`date\` tells as the confirmed command, by the same machine's clock.`,
  limits: `One session at a time. Settings of the server are compared one after the other, not in pairs. That a process is gone is
looked for every millisecond.`,
  measure,
})

interface Times {
  readonly idle: number[]
  readonly told: number[]
}

interface Found {
  readonly model: Times
  readonly command: Times & { readonly gone: number[] }
  readonly approval: number[]
}

async function measure(context: Context): Promise<Outcome> {
  const pushed = await measureArm('tuned', context)
  const beating = await measureArm('unpushed', context)
  const aims = [{ of: 'p95', atMost: 100 }] as const
  const series = (label: string, samples: readonly number[], more: Partial<Series> = {}): Series => ({
    label,
    unit: 'ms',
    samples,
    ...more,
  })
  return {
    flags: pushed.flags,
    notes: [
      `Temporal server ${pushed.server}${PUSHES.test(pushed.server) ? '' : ': it pushes no cancellation yet, 1.32 does, so nothing is pushed here'}`,
    ],
    series: [
      series('model → idle', pushed.found.model.idle, { aims }),
      series('command → idle', pushed.found.command.idle, { aims }),
      series('model → told, pushed', pushed.found.model.told),
      series('model → told, beating', beating.found.model.told, { baseline: 'model → told, pushed' }),
      series('command → told, pushed', pushed.found.command.told),
      series('command → told, beating', beating.found.command.told, { baseline: 'command → told, pushed' }),
      series('command → gone, pushed', pushed.found.command.gone),
      series('command → gone, beating', beating.found.command.gone, { baseline: 'command → gone, pushed' }),
      series('approval → command', pushed.found.approval),
    ],
  }
}

async function measureArm(
  flags: Flags,
  context: Context,
): Promise<{ readonly found: Found; readonly flags: readonly string[]; readonly server: string }> {
  const folder = await mkdtemp(join(cacheFolder(process.env), 'bench-'))
  try {
    await using model = await startDemoModel({ apiKey: 'bench', keepRequests: 100 })
    const file = join(folder, 'aborts')
    const aborts = await openAborts(file)
    const worker = {
      command: process.execPath,
      args: [
        '--import',
        import.meta.resolve('tsx'),
        fileURLToPath(import.meta.resolve('./interrupt/telling-worker.ts')),
      ],
    }
    await using service = await startService({ modelUrl: model.url, flags, worker, env: { BENCH_ABORTS: file } })
    const count = context.count(60, 5)
    context.say(`${flags}, ${count} of each`)
    const prepared = await prepare(service.sdk)
    const found: Found = {
      model: { idle: [], told: [] },
      command: { idle: [], told: [], gone: [] },
      approval: [],
    }
    const repeat = createRepeater(service.sdk, count)
    await repeat(prepared, (watched) => interruptModel(watched, aborts, found.model))
    await repeat(prepared, (watched, turn) => interruptCommand(watched, { aborts, turn, times: found.command }))
    const asking = { ...prepared, agent: await createAskingAgent(service.sdk) }
    await repeat(asking, (watched) => approve(watched, found.approval))
    const { serverVersion } = await service.connection.workflowService.getSystemInfo({})
    return { found, flags: service.flags, server: serverVersion }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

type Take = (watched: Watched, turn: number) => Promise<unknown>

/** Takes `count` samples, in sessions whose first turn, which makes the sandbox, is none of them. */
function createRepeater(sdk: Anthropic, count: number): (prepared: Prepared, take: Take) => Promise<void> {
  let turns = 0
  return async (prepared, take) => {
    for (let taken = 0; taken < count; taken += TURNS) {
      await using watched = await Watched.open(sdk, prepared)
      await watched.tell(call('true'), 'SAY ready')
      const { event } = await watched.until('session.status_idle')
      if (event.stop_reason.type === 'requires_action') await confirm(watched, event.stop_reason.event_ids)
      for (let turn = taken; turn < Math.min(count, taken + TURNS); turn += 1) {
        await delay(REST_MS)
        await take(watched, (turns += 1))
      }
    }
  }
}

function call(command: string): string {
  return `TOOL bash ${JSON.stringify({ command })}`
}

async function interruptModel(watched: Watched, aborts: Aborts, times: Times): Promise<void> {
  await watched.tell('SLEEP 600000', 'SAY never')
  await watched.until('span.model_request_start')
  // The request is on its way; once it is there, the model is silent.
  await delay(REST_MS)
  const from = await watched.send({ type: 'user.interrupt' })
  times.idle.push((await watched.until('session.status_idle')).at - from)
  times.told.push((await aborts.next('callModel')) - from)
}

interface OfCommand {
  readonly aborts: Aborts
  readonly turn: number
  readonly times: Found['command']
}

async function interruptCommand(watched: Watched, { aborts, turn, times }: OfCommand): Promise<void> {
  const command = `sleep 86${process.pid}.${turn}`
  await watched.tell(call(command), 'SAY never')
  const pid = await findCommand(command)
  const gone = untilGone(pid)
  const from = await watched.send({ type: 'user.interrupt' })
  times.idle.push((await watched.until('session.status_idle')).at - from)
  times.told.push((await aborts.next('execute')) - from)
  times.gone.push((await gone) - from)
}

async function createAskingAgent(sdk: Anthropic): Promise<string> {
  const { id } = await sdk.beta.agents.create({
    name: 'bench, asking',
    model: 'claude-opus-5-5',
    tools: [{ type: 'agent_toolset_20260401', configs: [{ name: 'bash', permission_policy: { type: 'always_ask' } }] }],
  })
  return id
}

async function approve(watched: Watched, times: number[]): Promise<void> {
  await watched.tell(call('date +%s%N'), 'SAY done')
  const { event } = await watched.until('session.status_idle')
  if (event.stop_reason.type !== 'requires_action') throw new Error(`a turn ended with ${event.stop_reason.type}`)
  const { from, said } = await confirm(watched, event.stop_reason.event_ids)
  times.push(Number(said) / 1e6 - from)
}

/** Allows the calls; answers when, by the wall's clock, and what the first of them said, once the turn is over. */
async function confirm(
  watched: Watched,
  calls: readonly string[],
): Promise<{ readonly from: number; readonly said: string }> {
  const from = Date.now()
  await watched.send(
    ...calls.map((id) => ({ type: 'user.tool_confirmation' as const, tool_use_id: id, result: 'allow' as const })),
  )
  const { event } = await watched.until('agent.tool_result')
  await watched.until('session.status_idle')
  const [block] = event.content ?? []
  return { from, said: block?.type === 'text' ? block.text : '' }
}
