import { prepare } from '../support/conversation.ts'
import { measureRaw } from './raw-traffic.ts'
import { listSettled, openLoop, send, toTarget } from './sessions.ts'
import type { Finding, Plan, Stage } from './stage.ts'
import { Streams, patienceMs } from './stage.ts'

/** Text turns per second, each of which adds about nine events to the log. */
const turnsPerSecond = 2
const wordsPerSecond = 20

/** All readers on one session: turns one after the other, then one long answer word by word. */
export async function measureOneSession(stage: Stage, { readers, seconds }: Plan): Promise<readonly Finding[]> {
  const { service, say, model } = stage
  const { sdk, dev } = service
  const pid = dev.state().pids.api ?? 0
  const { agent, environment } = await prepare(sdk)
  const { id } = await sdk.beta.sessions.create({ agent, environment_id: environment })
  const turn = (tag: string): Promise<void> => send(sdk, id, { tag, words: 1 })
  await turn('warm')
  const listed = (await listSettled(sdk, id, 1)).length

  say(`one session, ${readers} readers`)
  const streams = await Streams.open(stage, pid, [toTarget(service, id, { readers, previews: true })])
  await streams.begin()
  const turns = seconds * turnsPerSecond
  await openLoop({ count: turns, perSecond: turnsPerSecond }, (index) => turn(`turn${index}`))
  const expected = (await listSettled(sdk, id, 1 + turns)).slice(listed)
  const log = await streams.end({ channel: 'event', expected: [expected], patienceMs })

  await streams.begin()
  const words = seconds * wordsPerSecond
  await send(sdk, id, { tag: 'long', words, gapMs: 1000 / wordsPerSecond })
  await listSettled(sdk, id, turns + 2)
  const { deltaAt } = model.take('long', 0)
  const keys = deltaAt.map((_, index) => `word${index}`)
  const madeAt = Object.fromEntries(keys.map((key, index) => [key, deltaAt[index] ?? 0]))
  const deltas = await streams.end({ channel: 'delta', expected: [keys], madeAt: [madeAt], patienceMs })
  await streams.close()

  const perSecond = expected.length / seconds
  const raw = (rate: number, bytes: number) =>
    measureRaw(stage, { readers, frames: Math.round(rate * seconds), gapMs: 1000 / rate, bytes, to: 'all' })
  return [
    { name: 'one session, events', perSecond, ours: log, raw: await raw(perSecond, 300) },
    {
      name: 'one session, previews',
      perSecond: wordsPerSecond,
      ours: deltas,
      raw: await raw(wordsPerSecond, 100),
    },
  ]
}
