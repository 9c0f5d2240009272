import { readFile, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

const LOOK_MS = 5
const MOST_MS = 30_000

/** What activities say of their being told to stop; a file, because they run in another process. */
export interface Aborts {
  /** By the clock of `now`, when an activity of this name heard it; waits for the first to do so since the last call. */
  next(name: 'callModel' | 'execute'): Promise<number>
}

export async function openAborts(file: string): Promise<Aborts> {
  await writeFile(file, '')
  let taken = 0
  return {
    async next(name) {
      for (let waited = 0; waited < MOST_MS; waited += LOOK_MS) {
        const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1)
        const at = lines.findIndex((line, index) => index >= taken && line.startsWith(`${name} `))
        if (at >= 0) {
          taken = lines.length
          return Number(lines[at]?.split(' ')[1])
        }
        await delay(LOOK_MS)
      }
      throw new Error(`no ${name} was told to stop within ${MOST_MS / 1000} s`)
    },
  }
}
