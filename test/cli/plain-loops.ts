import type { PlainLoop } from '../../src/cli/stage.ts'

export interface FakePlainLoopOptions {
  /** What the loop prints at the end of its second start, and its exit code. */
  readonly printed?: string
  readonly code?: number
  /** The first start ends by itself, before the command. */
  readonly isEarly?: boolean
  readonly isTyped?: boolean
  /** The message reaches the model of the second start. */
  readonly isTold?: boolean
}

/**
 * A plain loop of pure make-believe: every look finds its command one upload further, its first start ends by the kill
 * and its second by itself, with a second line in the ledger. `deeds` is what was done to it, in order.
 */
export function createFakePlainLoop(options: FakePlainLoopOptions = {}): { loop: PlainLoop; deeds: string[] } {
  const { printed = 'All 6 tests pass; shipped once.\n', code = 0, isEarly = false, isTyped = false } = options
  const deeds: string[] = []
  const requests: string[][] = []
  let starts = 0
  let uploads = 0
  let end: (() => void) | undefined
  let ending: ReturnType<PlainLoop['ended']> = Promise.resolve({ code: null, printed: '' })
  const loop: PlainLoop = {
    start(task) {
      starts += 1
      deeds.push(`start ${task}`)
      requests.push([task], [task, 'call', 'result'])
      if (starts > 1 && options.isTold) requests.push([task, 'Also print the version.'])
      if (starts > 1 || isEarly) ending = Promise.resolve({ code, printed })
      else ending = new Promise((resolve) => (end = () => resolve({ code: null, printed: '' })))
      return starts
    },
    kill() {
      deeds.push('kill')
      end?.()
    },
    ended: () => ending,
    async type(line) {
      deeds.push(`type ${line}`)
      return isTyped
    },
    async look() {
      if (isEarly) return '0\n'
      uploads += 1
      return `${starts}\n${Array.from({ length: uploads }, (_, index) => `uploading ${index + 1}/8`).join('\n')}\n`
    },
    requests: () => [...requests],
    async [Symbol.asyncDispose]() {
      deeds.push('closed')
    },
  }
  return { loop, deeds }
}
