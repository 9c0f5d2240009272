import { fileURLToPath } from 'node:url'
import { startDemoModel } from '../src/model/demo/demo-model.ts'
import { runLoad } from './recovery/load.ts'
import { repeat } from './recovery/repeat.ts'
import { toLoadNote, toLoadSeries, toNotes, toSeries } from './recovery/rows.ts'
import { createScene } from './recovery/scene.ts'
import { startsByApi, startsByHand } from './recovery/starts.ts'
import { startWorkers, takePost } from './recovery/workers.ts'
import { createBenchmark } from './support/benchmark.ts'
import type { Context, Outcome } from './support/benchmark.ts'
import { startService } from './support/service.ts'

export const benchmark = createBenchmark({
  name: 'recovery',
  title: 'Recovery after the death of a worker',
  question: 'How long does a session stand still when the worker that has it is killed?',
  method: `One kill hits twelve sessions, three at each point. *Idle*: its turn has ended; a message is sent once the worker is dead.
*Model*: the answer has begun and then falls silent; the next try is answered. *Tool*: a command runs; it ends when the worker is
dead. *Task*: the worker is stopped (SIGSTOP), the message is sent, the worker's parked poll takes the workflow task, then the
kill. All four are brought about with one worker alone, so that it has every session. The clock starts when the worker stops
(at the SIGSTOP, for *idle* at the SIGKILL that follows within a second) and stops at a client of the official SDK on the
session's stream with previews: at the first event or delta but the echo of a message (*progress*), which the dead worker
cannot have made, and at \`session.status_idle\` (*end*). The work that is left takes no time: answers without pauses, commands
that have ended.

*Standby*: a second worker was started before the kill and takes over. *Restart*: there is none; the supervisor of
\`longhand dev\` starts a process at once. *Defaults*: as standby with the time-outs that Temporal has by itself: 10 s for a
workflow task, 10 s until a task for the worker that has a session in memory is given to another, retries from 1 s. A missing
beat has none (the call would be tried again after its total limit, 24 h here); it is 10 s like the others.

*False time-outs*: 20 sessions run turns back to back, two of three with a model call or a command of 4 s, while a process per
core does nothing but use it and nobody is killed. Counted in raw history.`,
  limits: `A kill of three sessions at each point is one accident, not three: the samples of a kill are alike. Twelve sessions
recover at the same time on the cores that the rest of the service uses too. Every process is on one machine, so that a
connection's end is noticed at once.`,
  measure,
})

async function measure(context: Context): Promise<Outcome> {
  await using model = await startDemoModel({ apiKey: 'bench', keepRequests: 1_000 })
  await using service = await startService({ modelUrl: model.url })
  const post = await takePost(service)
  const kills = context.count(7, 1)
  const found = []
  let load
  {
    const scene = createScene({ service, model, start: await startsByApi(service) })
    await using workers = await startWorkers(post, fileURLToPath(new URL('../src/worker.ts', import.meta.url)))
    found.push(await repeat({ mode: 'restart', kills, scene, workers, say: context.say }))
    found.push(await repeat({ mode: 'standby', kills, scene, workers, say: context.say }))
    context.say('no kill, but every core busy')
    load = await runLoad(scene, { sessions: context.count(20, 6), seconds: context.count(40, 5) })
  }
  {
    const scene = createScene({ service, model, start: startsByHand(service) })
    await using workers = await startWorkers(
      post,
      fileURLToPath(new URL('./recovery/default-worker.ts', import.meta.url)),
    )
    found.push(await repeat({ mode: 'defaults', kills, scene, workers, say: context.say }))
  }
  return {
    series: [...toSeries(found), ...toLoadSeries(load)],
    notes: [...toNotes(found), toLoadNote(load)],
    flags: service.flags,
  }
}
