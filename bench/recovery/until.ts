import { setTimeout as delay } from 'node:timers/promises'

const lookMs = 20

/** Resolves when it is so; rejects with what was expected when it is not within `patienceMs`. */
export async function until(isSo: () => Promise<boolean> | boolean, what: string, patienceMs = 30_000): Promise<void> {
  const deadline = Date.now() + patienceMs
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`expected within ${patienceMs / 1000} s that ${what}`)
    await delay(lookMs)
  }
}
