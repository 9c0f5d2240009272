import { setTimeout as delay } from 'node:timers/promises'
import { now } from '../support/clock.ts'
import type { Scene } from './scene.ts'
import { isEnd } from './scene.ts'
import { until } from './until.ts'
import type { Watched } from './watched.ts'
import type { Workers } from './workers.ts'

/** Where a session is when its worker dies. */
export const points = ['idle', 'model', 'tool', 'task'] as const
export type Point = (typeof points)[number]
type Each<T> = Readonly<Record<Point, T>>

/** Milliseconds from the death of the worker, as one client saw it. */
export interface Recovery {
  /** Until the first event or delta that the dead worker cannot have made. */
  readonly progressMs: number
  /** Until the turn's end. */
  readonly endMs: number
}

export interface KillOptions {
  readonly each: number
  /** Called when the sessions are in place, before the kill: a second worker may start. */
  readonly prepare: () => Promise<void>
}

/** Well below the second after which the task would be given to another worker. */
const enteringMs = 500
const command = 'echo run >> ledger; while [ ! -e go ]; do sleep 0.05; done; echo finished'

/**
 * Brings `each` sessions to every point, kills the worker that has them all, and waits for the end of every turn. The
 * work that is left takes no time: answers come at once, the commands end with the kill.
 * Fewer come back at the point `task` when the dead worker had not taken all of them.
 */
export async function killOnce(
  scene: Scene,
  workers: Workers,
  { each, prepare }: KillOptions,
): Promise<Each<readonly Recovery[]>> {
  const create = (): Promise<readonly Watched[]> =>
    Promise.all(Array.from({ length: each }, () => scene.createSession()))
  const sessions = { idle: await create(), model: await create(), tool: await create(), task: await create() }
  try {
    await Promise.all([...sessions.idle, ...sessions.task].map((at) => scene.converse(at, '#program\nSAY first')))
    await Promise.all(sessions.model.map((at) => askModel(scene, at)))
    await Promise.all(sessions.tool.map((at) => startCommand(scene, at)))
    await prepare()

    workers.freeze()
    const frozenAt = now()
    await Promise.all(sessions.task.map((at) => enterTask(scene, at)))
    await workers.kill()
    const killedAt = now()
    const [idle, model, tool, task] = await Promise.all([
      recoverAll(sessions.idle, killedAt),
      recoverAll(sessions.model, frozenAt),
      recoverAll(sessions.tool, frozenAt),
      recoverAll(sessions.task, frozenAt),
      ...sessions.idle.map(({ id }) => scene.send(id, '#program\nSAY second')),
      ...sessions.tool.map(({ id }) => scene.look(id, 'touch go')),
    ])
    return { idle, model, tool, task: await keepTimedOut(scene, sessions.task, task) }
  } finally {
    await Promise.all(Object.values(sessions).flatMap((all) => all.map((at) => at[Symbol.asyncDispose]())))
  }
}

async function askModel(scene: Scene, { id }: Watched): Promise<void> {
  const answer = `answer to ${id}`
  // The first try begins to answer and falls silent; the next one is answered.
  await scene.send(id, `#program\nSTALL\nSAY ${answer}`)
  await until(() => scene.model.requests.some(({ bytes }) => bytes.includes(answer)), `${id} asks the model`)
}

async function startCommand(scene: Scene, { id }: Watched): Promise<void> {
  await scene.send(id, `#program\nTOOL bash ${JSON.stringify({ command })}\nSAY done`)
  await until(async () => (await scene.look(id, 'cat ledger 2>/dev/null')) === 'run\n', `${id} runs its command`)
}

/** The stopped worker still takes what its poll was waiting for, unless that came back a moment ago. */
async function enterTask(scene: Scene, { id }: Watched): Promise<void> {
  await scene.send(id, '#program\nSAY second')
  const deadline = now() + enteringMs
  while (now() < deadline && !(await scene.isInTask(id))) await delay(5)
}

/** Those whose task the dead worker held. */
async function keepTimedOut(
  scene: Scene,
  sessions: readonly Watched[],
  recoveries: readonly Recovery[],
): Promise<readonly Recovery[]> {
  const counts = await Promise.all(sessions.map(({ id }) => scene.timeouts(id)))
  return recoveries.filter((_, index) => (counts[index]?.taskTimeouts ?? 0) > 0)
}

function recoverAll(sessions: readonly Watched[], since: number): Promise<readonly Recovery[]> {
  return Promise.all(
    sessions.map(async (session) => {
      // The echo of a message is the api's doing; everything else takes a worker.
      const progress = await session.first(since, ({ type }) => type !== 'user.message')
      const end = await session.first(since, isEnd)
      return { progressMs: progress.at - since, endMs: end.at - since }
    }),
  )
}
