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
