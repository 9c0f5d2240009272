import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Client, WorkflowHandle } from '@temporalio/client'
import type { History } from '@temporalio/common/lib/proto-utils.js'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { UNINTERRUPTED } from '../../src/activities/workers.ts'
import { ApiError } from '../../src/wire/errors.ts'
import { createTemporalWorkflows } from '../../src/api/temporal-workflows.ts'
import { openTemporalClient } from '../../src/history/client.ts'
import type { Command } from '../../src/session/decide.ts'
import { decide } from '../../src/session/decide.ts'
import { EVENTS_SIGNAL } from '../../src/session/names.ts'
import type { LogState } from '../../src/session/state.ts'
import { mintId } from '../../src/wire/mint.ts'
import type { ConfigureUpdate, SessionInput, Verdict } from '../../src/workflows/messages.ts'
import { STATE_QUERY, hostQueue } from '../../src/workflows/messages.ts'
import { archiveQueue, handsQueue } from '../../src/workflows/options.ts'
import { testCodecs } from '../support/codecs.ts'
import type { Bundle } from './bundle.ts'
import type { Begun, FakeActivities } from './fake-activities.ts'
import { OTHER_HOST, createFakeActivities } from './fake-activities.ts'
import type { Gate } from './gate.ts'
import { createGate } from './gate.ts'
import { itemsOf } from './histories.ts'
import type { ReadLog } from './log.ts'
import { assertOneMind, readLog } from './log.ts'

export interface RigOptions {
  readonly address: string
  readonly bundle: Bundle
  /** What all names of this rig begin with; no other rig on the server has it. */
  readonly prefix: string
  /** Workflows kept in the worker's memory; with 0 every task replays its session from the first event. */
  readonly cached?: number
  /** False: nobody asks for tool calls. */
  readonly hands?: boolean
}

/** The real workflow on a real server and a real worker, in a world whose every event the test decides. */
export interface Rig extends AsyncDisposable {
  readonly client: Client
  start(input: SessionInput, id?: string): Promise<RigSession>
  /**
   * Does `work` while there is no worker of workflows; activities and the server stay. History then tells what happened
   * in this very order, and one activation takes it all.
   */
  whileDown(work: () => Promise<unknown>): Promise<void>
}

export interface RigSession {
  readonly id: string
  readonly handle: WorkflowHandle
  /** As the api asks for them, again while the run is being closed. */
  configure(change: ConfigureUpdate): Promise<Verdict>
  archive(): Promise<Verdict>
  /** Resolves when the server has it, durably. */
  signal(payload: unknown): Promise<void>
  /** Activities that were not ended by the test, also those that the workflow has given up. */
  under(): readonly Begun[]
  begun(key: string): Promise<Begun>
  /** How often workers were invited to it, and lets so many invitations fail from now on. */
  invited(): number
  refuseInvitations(times: number): void
  /**
   * Waits until all that happened is taken in and all that is wanted has begun; answers the workflow's state then.
   * Rejects when that is not the fold of the log that readers project from history, or the log is not sound.
   */
  settle(): Promise<LogState>
  /** Makes happen what `work` does while a workflow task runs: it is told in one activation, the next one. */
  together(work: () => Promise<unknown>): Promise<void>
  /** What every reader projects from the histories of all runs. */
  log(): Promise<ReadLog>
  /** Of every run, the oldest first. */
  histories(): Promise<readonly History[]>
}

/** A back-off below this is waited for; a longer one is a state to rest in. */
const SHORT_MS = 1000
const LOOK_MS = 25
/** The server hands out an activity at once; after this long nobody asked for it. */
const BEGIN_MS = 15_000

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] })

export async function startRig({ address, bundle, prefix, cached = 100, hands = true }: RigOptions): Promise<Rig> {
  const taskQueue = `${prefix}-brain`
  const codecs = testCodecs()
  const client = await openTemporalClient({
    connection: { address },
    namespace: 'default',
    codecs,
    identity: prefix,
  })
  const connection = await NativeConnection.connect({ address })
  const fakes = createFakeActivities(client.activity)
  const gate = createGate()
  const common = { connection, namespace: 'default', identity: prefix, shutdownGraceTime: 0 }
  const dataConverter = { payloadCodecs: [...codecs] }
  const activities = await Promise.all([
    Worker.create({ ...common, taskQueue, activities: { ...fakes.brain }, dataConverter }),
    Worker.create({ ...common, taskQueue: archiveQueue(taskQueue), activities: { ...fakes.archive }, dataConverter }),
    ...(hands ? [handsQueue(taskQueue), hostQueue(handsQueue(taskQueue), OTHER_HOST)] : []).map((queue) =>
      Worker.create({ ...common, taskQueue: queue, activities: { ...fakes.hands }, dataConverter }),
    ),
  ])
  const serving = Promise.all(activities.map((worker) => worker.run()))
  let workflows: { worker: Worker; ended: Promise<void> } | null = null

  async function stopWorkflows(): Promise<void> {
    workflows?.worker.shutdown()
    await workflows?.ended
    workflows = null
  }
  async function startWorkflows(): Promise<void> {
    const worker = await Worker.create({
      ...common,
      ...UNINTERRUPTED,
      taskQueue,
      workflowBundle: bundle,
      maxCachedWorkflows: cached,
      dataConverter: { payloadCodecs: [gate.codec, ...codecs] },
      sinks: { index: { hint: { fn: () => undefined } } },
    })
    workflows = { worker, ended: worker.run() }
  }
  await startWorkflows()

  const ports = { client, taskQueue, fakes, gate }
  return {
    client,
    start: (input, id = mintId('sesn')) => startSession(ports, id, input),
    async whileDown(work) {
      await stopWorkflows()
      try {
        await work()
      } finally {
        await startWorkflows()
      }
    },
    async [Symbol.asyncDispose]() {
      fakes.close()
      await stopWorkflows()
      for (const worker of activities) worker.shutdown()
      await serving
      await connection.close()
      await client.connection.close()
    },
  }
}

interface RigPorts {
  readonly client: Client
  readonly taskQueue: string
  readonly fakes: FakeActivities
  readonly gate: Gate
}

async function startSession(
  { client, taskQueue, fakes, gate }: RigPorts,
  id: string,
  input: SessionInput,
): Promise<RigSession> {
  const workflows = createTemporalWorkflows({ client: client.workflow, taskQueue })
  await workflows.start(id, input, 'a session of a test')
  const handle = client.workflow.getHandle(id)
  const signal = (payload: unknown): Promise<void> => handle.signal(EVENTS_SIGNAL, payload)

  async function histories(): Promise<readonly History[]> {
    const runs: History[] = [await handle.fetchHistory()]
    for (let before = runBefore(runs[0]); before; before = runBefore(runs[0])) {
      runs.unshift(await client.workflow.getHandle(id, before).fetchHistory())
    }
    return runs
  }

  async function settle(): Promise<LogState> {
    for (;;) {
      const runs = await histories()
      const log = readLog(id, ...(await Promise.all(runs.map(itemsOf))))
      const wanted = decide(log.state)
      if (isAtRest(runs.at(-1)) && !wanted.some((command) => command.do === 'backOff' && command.ms < SHORT_MS)) {
        const state = await handle.query<LogState>(STATE_QUERY)
        assertOneMind(log, state)
        for (const key of wanted.flatMap(toKey))
          await within(fakes.begun(id, key), `${key} is wanted but does not begin`)
        return state
      }
      await delay(LOOK_MS)
    }
  }

  return {
    id,
    handle,
    configure: (change) => untilDecided((updateId) => workflows.configure(id, change, updateId)),
    archive: () => untilDecided((updateId) => workflows.archive(id, updateId)),
    signal,
    under: () => fakes.under(id),
    begun: (key) => fakes.begun(id, key),
    invited: () => fakes.invited(id),
    refuseInvitations: (times) => fakes.refuseInvitations(id, times),
    settle,
    async together(work) {
      gate.close(id)
      try {
        // A batch without events means nothing, but it takes a task.
        await signal({ events: [] })
        await gate.whenHeld(id)
        await work()
      } finally {
        gate.open(id)
      }
    },
    log: async () => readLog(id, ...(await Promise.all((await histories()).map(itemsOf)))),
    histories,
  }
}

/** As clients do: what no worker has decided in time is asked again, as the same update. */
async function untilDecided(ask: (updateId: string) => Promise<Verdict>): Promise<Verdict> {
  const updateId = randomUUID()
  for (;;) {
    try {
      return await ask(updateId)
    } catch (error) {
      if (!(error instanceof ApiError) || error.kind !== 'unavailable') throw error
    }
  }
}

/** Temporal's id of the run that handed over to this one. */
function runBefore(history: History | undefined): string | null | undefined {
  return history?.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId
}

/** Whether no workflow task is due: everything that happened was told to the workflow, and it has answered. */
function isAtRest(history: History | undefined): boolean {
  // The next run is on its way.
  if (history?.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes) return false
  const last = history?.events?.findLast(
    ({ workflowTaskScheduledEventAttributes: due, workflowTaskCompletedEventAttributes: done }) => due ?? done,
  )
  return last?.workflowTaskCompletedEventAttributes != null
}

function toKey(command: Command): readonly string[] {
  if (command.do === 'callModel' || command.do === 'compact') return [command.request]
  if (command.do === 'provision') return [command.key]
  return command.do === 'execute' ? [command.call.id] : []
}

async function within<T>(promise: Promise<T>, otherwise: string): Promise<T> {
  const limit = new AbortController()
  const tooLate = delay(BEGIN_MS, undefined, { signal: limit.signal }).then(() => Promise.reject(new Error(otherwise)))
  try {
    return await Promise.race([promise, tooLate])
  } finally {
    limit.abort()
  }
}
