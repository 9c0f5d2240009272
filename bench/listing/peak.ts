import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

const lookMs = 20

/** By how many bytes the memory of a process grows at most while `use` runs; looked at every 20 ms. Linux only. */
export async function watchGrowth(pid: number, use: () => Promise<unknown>): Promise<number> {
  const over = new AbortController()
  const before = await readRss(pid)
  let peak = before
  async function watch(): Promise<void> {
    while (!over.signal.aborted) {
      peak = Math.max(peak, await readRss(pid))
      await delay(lookMs, undefined, { signal: over.signal }).catch(() => undefined)
    }
  }
  const watching = watch()
  try {
    await use()
    return Math.max(peak, await readRss(pid)) - before
  } finally {
    over.abort()
    await watching
  }
}

/** Source: proc(5), `status`. */
async function readRss(pid: number): Promise<number> {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
  if (kib === undefined) throw new Error(`process ${pid} has no memory`)
  return Number(kib) * 1024
}
