import { readFile, readdir } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { now } from '../support/clock.ts'

const FIND_MS = 20
const MOST_MS = 30_000

/** The id of the process that was started with these words, in whichever sandbox of this machine; waits for it. */
export async function findCommand(words: string): Promise<number> {
  for (let waited = 0; waited < MOST_MS; waited += FIND_MS) {
    for (const name of await readdir('/proc')) {
      // A process may end while the others are read.
      const line = /^\d+$/.test(name) ? await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '') : ''
      if (line.split('\0').join(' ').trim() === words) return Number(name)
    }
    await delay(FIND_MS)
  }
  throw new Error(`no process ${words} was started within ${MOST_MS / 1000} s`)
}

/** When a process is gone, by the clock of `now`, to a millisecond or two. */
export async function untilGone(pid: number): Promise<number> {
  for (const from = now(); now() - from < MOST_MS;) {
    if (!lives(pid)) return now()
    await delay(1)
  }
  throw new Error(`process ${pid} still lives after ${MOST_MS / 1000} s`)
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
