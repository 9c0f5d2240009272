import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { listBenchmarks, loadBenchmark } from './catalog.ts'

/** The one document that is written from results. */
export const documentFile = join(import.meta.dirname, '..', '..', 'docs', 'benchmarks.md')

const intro = `# Benchmarks

Written by \`npm run bench -- docs\` from \`bench/results/*.json\`: texts stand in the benchmarks' files, every figure comes
from a result. Each benchmark is one file in \`bench/\`; it prints a table and writes its figures, raw samples included.

\`\`\`
npm run bench -- <name>      one benchmark
npm run bench -- all         all but \`carrier\`, then this document
npm run bench -- <name> --quick   a smoke run that writes nothing
\`\`\`

Figures stand beside their baseline of the same run. A ratio is that of medians, or the median of the ratios of pairs where
samples were taken in pairs. *met* says whether the aim was; aims are for an idle machine of two cores, on which client,
model, api, worker, Temporal and Postgres run together, so look at the load average under each table first. Unless a label
says otherwise the Temporal dev server is the one that \`longhand dev\` starts: its dynamic configuration, a database file,
\`synchronous=full\`. The model is a scripted one in the client's process, so that one clock times both ends.

## Where aims are missed, and what would mend it

The aims were set on a machine on which a bare signal took 4 ms and Temporal spent 20 ms of CPU on a bare turn; in these
runs it was half as much again and more (*Message in, acknowledged*, *Throughput*): the bare workflow alone does not reach the
aim for turns per second here. Read ratios before milliseconds. What is left is CPU: a text turn costs about 85 ms of it, half of
that in Temporal, and the two cores are shared with the client.

- **POST, warm first delta, turns.** A turn waits for two workflow tasks of about 14 ms each, most of it in the worker and the
  server, for the model call's own read of history, and for the POST, whose five statements and one signal follow each other.
  To do: fewer polls of history per watched turn (five, because a started task is a page of its own), the log's tail handed to
  the model call by a process that has read it already, fewer promises per workflow task (Temporal's hook makes a stack trace of
  each), the mark *accepted* together with another statement.
- **First delta.** Three hops (worker, Postgres, api) against one; a delta waits nowhere else.
- **Turn with \`bash true\`.** 232 ms (local) and 204 ms (Docker) of 120 and 150, of which the warm call is a tenth: the rest is a second
  request to the model and the workflow tasks around the call, each with its share of the above.
- **Warm tool calls.** Of the aim of 12 ms \`read\` alone stays below (7 ms); \`write\` takes 15 to 17 ms, \`bash\`, \`glob\` and \`edit\` 20
  to 27, \`grep\` 29 to 35. A process of its own for each call would take 50 ms (local) and 95 ms (Docker). What is left are programs:
  a \`bash\` starts \`mkdir\` (the claim), \`flock\`, \`cat\` and \`head\` (what it says), \`sleep\` (its time limit), \`setsid\` and \`bash\`, at one to
  two milliseconds each, and forks as many shells. A compiled resident would do all but the last two itself.
- **Cold Docker.** 502 ms of 350, where Docker alone takes 336 (*Sandbox calls*; 1.5 times as long), and 535 of 450 with a way to the
  network, which adds 7 %. What is ours: two volumes, the session's folders put in before the start, the look at what is in force inside.
  In these runs the machine was slower by a quarter than before: a bare spawn took 5.2 ms against 3.9, and cold Docker had been 332 beside
  268. To do: fewer questions to the daemon, one after the other.
- **Turn 1,000 of a session whose context is never summarised.** Its request is 4 MB, which is made, sent and read anew each
  turn; with the harness's compaction the same turn is within the aim. A transcript that is kept and only added to would take
  part of it away.
- **1,000 watched sessions.** Each has a long poll and a log in memory, and its delivery waits for its poll among a thousand:
  not profiled yet. What the memory holds is the logs' items.
`

/** The document as the committed results give it; benchmarks without a result are left out. */
export async function renderDocument(): Promise<string> {
  const sections: string[] = []
  for (const name of await listBenchmarks()) {
    const section = await (await loadBenchmark(name)).render()
    if (section !== undefined) sections.push(section.trim())
  }
  return `${[intro.trim(), ...sections].join('\n\n')}\n`
}

export async function writeDocument(): Promise<void> {
  await writeFile(documentFile, await renderDocument())
}
