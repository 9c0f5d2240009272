import { prepare } from '../support/conversation.ts'
import { measureRaw } from './raw-traffic.ts'
import { listSettled, openLoop, send, toTarget } from './sessions.ts'
import type { Finding, Plan, Stage } from './stage.ts'
import { Streams, patienceMs } from './stage.ts'

/** Sessions get their turns one after the other, at this rate, whether or not the one before has ended. */
const turnsPerSecond = 20
/** Sessions that are created at a time. */
const atOnce = 8

/** One reader on each of many sessions; each session has one text turn. */
export async function measureManySessions(stage: Stage, { readers: count }: Plan): Promise<readonly Finding[]> {
  const { service, say } = stage
  const { sdk, dev } = service
  const pid = dev.state().pids.api ?? 0
  const { agent, environment } = await prepare(sdk)
  say(`creating ${count} sessions`)
  const sessions = await inParallel(
    Array.from(
      { length: count },
      () => async () => (await sdk.beta.sessions.create({ agent, environment_id: environment })).id,
    ),
  )
  say(`1 reader on each of ${count} sessions`)
  const streams = await Streams.open(
    stage,
    pid,
    sessions.map((id) => toTarget(service, id, { readers: 1, previews: false })),
  )
  await streams.begin()
  const startedAt = performance.now()
  await openLoop({ count, perSecond: turnsPerSecond }, (index) =>
    send(sdk, sessions[index] ?? '', { tag: `many${index}`, words: 1 }),
  )
  const seconds = (performance.now() - startedAt) / 1000
  const expected = await inParallel(sessions.map((id) => () => listSettled(sdk, id, 1)))
  const ours = await streams.end({ channel: 'event', expected, patienceMs })
  await streams.close()

  const frames = expected.reduce((sum, ids) => sum + ids.length, 0)
  const gapMs = (seconds * 1000) / frames
  const raw = await measureRaw(stage, { readers: count, frames: Math.round(frames / 3), gapMs, bytes: 300, to: 'next' })
  return [{ name: 'many sessions, events', perSecond: frames / seconds, ours, raw }]
}

async function inParallel<T>(works: readonly (() => Promise<T>)[]): Promise<readonly T[]> {
  const queue = [...works.entries()]
  const results: T[] = []
  const run = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) results[next[0]] = await next[1]()
  }
  await Promise.all(Array.from({ length: atOnce }, run))
  return results
}
