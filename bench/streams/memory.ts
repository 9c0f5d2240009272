import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** Bytes of a process after its garbage was collected. */
export interface Memory {
  readonly rss: number
  readonly heapUsed: number
  readonly external: number
}

/** Asks processes that were started with `env` for their memory. Disposal removes its files, not the processes. */
export interface MemoryProbe extends AsyncDisposable {
  /** For the environment of the processes to be asked. */
  readonly env: NodeJS.ProcessEnv
  read(pid: number): Promise<Memory>
}

const lookMs = 10

export async function createMemoryProbe(): Promise<MemoryProbe> {
  const folder = await mkdtemp(join(tmpdir(), 'longhand-bench-'))
  const file = join(folder, 'memory')
  const probe = new URL('./memory-probe.mjs', import.meta.url).href
  return {
    env: { BENCH_MEMORY: file, NODE_OPTIONS: `--import=${probe}` },
    async read(pid) {
      const answer = `${file}.${pid}`
      await rm(answer, { force: true })
      process.kill(pid, 'SIGUSR2')
      for (;;) {
        const text = await readFile(answer, 'utf8').catch(() => undefined)
        // Written by the probe and nobody else.
        if (text !== undefined) return JSON.parse(text) as Memory
        await delay(lookMs)
      }
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

const ticksPerSecond = 100

/** Milliseconds of CPU that a process has spent, to the 10 ms. Source: proc(5), `stat`, fields 14 and 15. */
export async function readCpuMs(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond
}
