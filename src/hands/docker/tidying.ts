import { setTimeout as pause } from 'node:timers/promises'
import type { Images } from './images.ts'

export interface TidyingOptions {
  readonly warn: (details: object, message: string) => void
  readonly signal: AbortSignal
  /** Default: an hour. */
  readonly everyMs?: number
}

/** Removes old images now and then, until aborted: several processes on one daemon may. Never rejects. */
export async function tidyImages(images: Pick<Images, 'tidy'>, options: TidyingOptions): Promise<void> {
  const { warn, signal, everyMs = 60 * 60_000 } = options
  while (!signal.aborted) {
    await images.tidy().catch((err: unknown) => warn({ err }, 'images of packages are not tidied'))
    await pause(everyMs, undefined, { signal, ref: false }).catch(() => {})
  }
}
