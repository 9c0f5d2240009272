import type Anthropic from '@anthropic-ai/sdk'
import type { HistoryCount, Stage } from '../../src/cli/stage.ts'
import type { FakePlainLoopOptions } from './plain-loops.ts'
import { createFakePlainLoop } from './plain-loops.ts'

export interface FakeStageOptions {
  readonly client: Anthropic
  readonly history?: HistoryCount
  readonly commandSeconds?: number | null
  /** Lines that the command has written to its ledger; several are seen one after the other, the last one from then on. */
  readonly ledger?: number | readonly number[]
  /** Requests that the model's server got. */
  readonly modelCalls?: number
  readonly plainLoop?: FakePlainLoopOptions
  /** The model is a real one. */
  readonly live?: boolean
  /** What a new worker replays; null when it never has to. */
  readonly replayed?: number | null
}

const TOTAL = 8
const NOTHING: HistoryCount = { events: [], modelCalls: 0, repeatedModelCalls: 0, attempts: new Map() }

/**
 * A stage of pure make-believe: the sandbox is up from the second time on that somebody asks for it, every look at the
 * command finds it one upload further, a killed worker is gone at once, a new one takes over as soon as it is started.
 * `deeds` is what was done to it, in order.
 */
export function createFakeStage(options: FakeStageOptions): { stage: Stage; deeds: string[] } {
  const deeds: string[] = []
  const { client, history = NOTHING, commandSeconds = 8, replayed = 84 } = options
  const { modelCalls = history.modelCalls } = options
  const plainLoop = createFakePlainLoop(options.plainLoop).loop
  let alive = true
  let worker = 101
  let uploads = 0
  let asked = 0
  const ledgers = [options.ledger ?? 1].flat()
  const stage: Stage = {
    client,
    parts: ['Temporal', 'Postgres'],
    sandboxKind: 'make-believe',
    scripted: options.live ? null : { modelCalls: () => modelCalls, plainLoop },
    watch: (session) => `http://ui/${session}`,
    killWorker() {
      deeds.push(`kill ${worker}`)
      alive = false
      return worker
    },
    isWorkerAlive: () => alive,
    startWorker: async () => {
      alive = true
      worker += 1
      deeds.push(`start ${worker}`)
      return worker
    },
    sandbox: async () => (asked++ > 0 ? { generation: 1, isUp: true } : null),
    async look() {
      uploads = Math.min(TOTAL, uploads + 1)
      const log = Array.from({ length: uploads }, (_, index) => `uploading ${index + 1}/${TOTAL}`)
      const ledger = ledgers.length > 1 ? ledgers.shift() : ledgers[0]
      return [`${ledger}`, ...log, ''].join('\n')
    },
    commandSeconds: async () => commandSeconds,
    attempt: async () => ({ attempt: worker - 100, pid: worker, startedAt: Date.now() }),
    replayed: async () => replayed,
    count: async () => history,
    async [Symbol.asyncDispose]() {
      deeds.push('closed')
    },
  }
  return { stage, deeds }
}
