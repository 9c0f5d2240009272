import { toLine } from './demo-lines.ts'
import { describeError } from './describe-error.ts'
import { EXIT } from './exit.ts'
import type { Stage } from './stage.ts'

export interface PresentOptions {
  readonly stage: Stage
  /** Leaves the server up when the verdict is out, until `signal` aborts. */
  readonly keep: boolean
  readonly print: (line: string) => void
  /** Aborts when a person ends the demo. */
  readonly signal: AbortSignal
}

/**
 * What is shown; resolves with whether all its claims hold, or with the exit code of a person who left before that.
 * `signal` also aborts when it takes too long.
 */
export type Show = (options: Pick<PresentOptions, 'stage' | 'print' | 'signal'>) => Promise<boolean | number>

/**
 * The frame of every demo. Answers 0 when the show's claims hold, else 1; 130 when it was ended before the verdict.
 * `model` tells which one plays; a show that takes longer than `limitMs` has failed.
 */
export async function presentShow(
  { stage, keep, print, signal }: PresentOptions,
  { model, limitMs, show }: { readonly model: string; readonly limitMs: number | null; readonly show: Show },
): Promise<number> {
  print(toLine('setup', `${stage.parts.map((part) => `${part} ✓`).join(' · ')} · sandbox: ${stage.sandboxKind}`))
  print(toLine('model', model))
  const limit = limitMs === null ? new AbortController().signal : AbortSignal.timeout(limitMs)
  let isOk = false
  try {
    const shown = await show({ stage, print, signal: AbortSignal.any([signal, limit]) })
    if (typeof shown === 'number') return shown
    isOk = shown
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted
    print('')
    print(
      `FAIL  ${limit.aborted ? `not over after ${(limitMs ?? 0) / 1000} s` : describeError(error, stage.client.baseURL)}`,
    )
  }
  if (keep) {
    print(`Up at   ${stage.client.baseURL}   Ctrl+C ends it.`)
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  } else {
    print('Look around: npm run demo -- --keep      Use it: npm start')
  }
  return isOk ? EXIT.done : EXIT.failed
}

/** Creates the session of a demo and says where a person can watch it. Answers its id. */
export async function announceSession(
  { stage, print, signal }: Parameters<Show>[0],
  params: Parameters<Stage['client']['beta']['sessions']['create']>[0],
): Promise<string> {
  const { id } = await stage.client.beta.sessions.create(params, { signal })
  print(toLine('watch', stage.watch(id)))
  print(toLine('', "this workflow's history IS the session"))
  print('')
  return id
}
