import { readLoad, readMachine, toLine } from './machine.ts'
import { readJson, toResult, writeResult } from './result.ts'
import type { Result, Series } from './result.ts'
import { toTerminalTable, toSection } from './section.ts'
import type { Tabulate } from './section.ts'

/** What a run hands back: series of raw samples in the order of the table's rows, and the flags they were taken under. */
export interface Outcome {
  readonly series: readonly Series[]
  /** Settings that bear on the figures: pragmas, dynamic configuration, limits. */
  readonly flags: readonly string[]
  /** What the reader of this run must know: what was skipped and why, which aim was missed and what would mend it. */
  readonly notes?: readonly string[]
}

export interface Context {
  /** A smoke run: small n, nothing is written. */
  readonly quick: boolean
  /** The number of samples: `full`, or `quick` in a smoke run. */
  readonly count: (full: number, quick: number) => number
  /** One line of progress for the terminal. */
  readonly say: (line: string) => void
}

/** What a benchmark's file says about it. Texts are Markdown; figures come from the result alone. */
export interface Description {
  /** The file's name without `.ts`. */
  readonly name: string
  readonly title: string
  readonly question: string
  readonly method: string
  readonly limits: string
  /** Instead of one line for each row. */
  readonly tabulate?: Tabulate
  /** Throws only when nothing could be measured; everything it started is gone when it settles. */
  measure(context: Context): Promise<Outcome>
}

/** A benchmark as the command and the document know it; each file of `bench/` exports one as `benchmark`. */
export interface Benchmark {
  readonly name: string
  run(options: { readonly quick: boolean }): Promise<void>
  /** Its section of docs/benchmarks.md, from its committed result; undefined before it was ever measured. */
  render(): Promise<string | undefined>
}

/** A benchmark whose run writes `bench/results/<name>.json` and prints a table. */
export function createBenchmark(description: Description): Benchmark {
  const { name } = description
  return {
    name,
    async run({ quick }) {
      const startedAt = performance.now()
      const machine = readMachine()
      const before = readLoad()
      const outcome = await description.measure({
        quick,
        count: (full, small) => (quick ? small : full),
        say: (line) => console.error(`${name}: ${line}`),
      })
      const load = { before, after: readLoad() }
      const seconds = (performance.now() - startedAt) / 1000
      const date = new Date().toISOString()
      const result = toResult({ name, date, seconds, machine, load, ...outcome })
      const table = description.tabulate ? description.tabulate(result.rows) : toTerminalTable(result)
      console.log(`\n${description.question}\n\n${table}\n`)
      for (const note of result.notes) console.log(`- ${note}`)
      const loads = `load ${load.before.toFixed(1)} → ${load.after.toFixed(1)}`
      console.log(`${toLine(machine)}; ${loads}; ${seconds.toFixed(0)} s`)
      console.log(quick ? 'A smoke run: nothing was written.' : await writeResult(result))
    },
    async render() {
      // Written by `run`.
      const result = (await readJson(name)) as Result | undefined
      return result && toSection(description, result)
    },
  }
}
