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
- **Turn with \`bash true\`.** These figures, and *Sandbox calls*, are from before shells stayed in sandboxes; a warm \`bash\` now
  takes 18 ms (local) and 19 ms (Docker), as *Tool calls* shows.
- **Warm tool calls.** Of the aim of 12 ms \`read\` alone stays below; \`write\` takes 13 ms, \`bash\`, \`glob\` and \`edit\` 18 to 21,
  \`grep\` 27, alike in both kinds. Where the rest goes is not profiled yet. **Cold Docker** takes 386 ms of 350 there, and 322 in
  *The way to the network*.
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
