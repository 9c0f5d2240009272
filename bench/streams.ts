import { createBenchmark } from './support/benchmark.ts'
import type { Context, Outcome } from './support/benchmark.ts'
import { startBenchModel } from './support/model.ts'
import { startService } from './support/service.ts'
import { createMemoryProbe } from './streams/memory.ts'
import { measureManySessions } from './streams/many-sessions.ts'
import { measureOneSession } from './streams/one-session.ts'
import { startRawServer } from './streams/raw.ts'
import { startReaders } from './streams/readers.ts'
import { toNotes, toSeries } from './streams/rows.ts'

export const benchmark = createBenchmark({
  name: 'streams',
  title: 'Streams',
  question: 'What does it cost to watch, when 1,000 do: all of them one session, or each a session of its own?',
  method: `Readers are plain HTTP clients with a connection each, in a process of their own. *One session*: 1,000 readers with
\`event_deltas[]=agent.message\`; two text turns a second, then one answer of 20 words a second. *Many sessions*: one reader on
each of 1,000; the sessions get a text turn each, 20 sessions a second, whether or not the one before has ended. The service
runs beside it on the same machine: every event is made by a worker, recorded by Temporal and read from history.

*Made → read*: for an event from the time of its history event (\`processed_at\`, milliseconds) to the read of its bytes, for a
word from the model's write of it. *First reader → reader*: how long after the first reader of the same event the others had
it. *Node alone*: a server of Node's own \`http\` module that writes frames of the same size at the same rate to the same
readers, made when it writes them. 1,001 quantiles stand for all deliveries of a row; their number is in the notes.

*Gaps, doubles, misplaced*: what each reader saw against the list of the session, and against the words that the model wrote.
A preview may end before its words do, when its reader or the way to it is too slow: the words that are missing at its end
are *shed*, and counted in the notes; a hole before that is a gap.
*Memory*: growth of the sending process from before its streams are open, by RSS or by heap and buffers, whichever is more,
over the number of streams, after a garbage collection each time; 50 streams were open and closed before. *Held after the
traffic* is by heap and buffers alone, as RSS then keeps what other requests needed for a moment. In *many sessions* both
have the logs of the watched sessions and their long polls in them. *CPU* is that of the sending process alone.`,
  limits: `Readers, model, workers, Temporal, Postgres and the api share the machine's cores. Event times have a resolution of
one millisecond. Node alone has nothing to record and nothing to wait for.`,
  measure,
})

async function measure(context: Context): Promise<Outcome> {
  await using probe = await createMemoryProbe()
  await using model = await startBenchModel()
  await using service = await startService({ modelUrl: model.url, env: probe.env })
  await using readers = startReaders()
  await using raw = await startRawServer(probe.env)
  const plan = { readers: context.count(1_000, 100), seconds: context.count(15, 4) }
  const stage = { service, model, readers, raw, probe, say: context.say }
  const findings = [...(await measureOneSession(stage, plan)), ...(await measureManySessions(stage, plan))]
  return { series: findings.flatMap(toSeries), notes: findings.flatMap(toNotes), flags: service.flags }
}
