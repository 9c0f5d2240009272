import type Anthropic from '@anthropic-ai/sdk'
import type { HistoryCount, Repository, Stage } from '../../src/cli/stage.ts'
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
  /** How often the words of a search stand in raw history; the demo's token stands there 0 times unless it is told. */
  readonly mentions?: (words: string) => number
  /** Null where no git can serve one. */
  readonly repository?: Repository | null
}

/** The token of the make-believe repository. */
const TOKEN = 'ghp_make_believe'

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
  let generation = 1
  let commits = 1
  const repository: Repository = {
    url: 'https://github.com/demo/app',
    token: TOKEN,
    heard: () => 5,
    commits: async () => commits++,
  }
  const ledgers = [options.ledger ?? 1].flat()
  const stage: Stage = {
    client,
    parts: ['Temporal', 'Postgres'],
    sandboxKind: 'make-believe',
    scripted: options.live
      ? null
      : { modelCalls: () => modelCalls, plainLoop, repository: options.repository === null ? null : repository },
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
    sandbox: async () => (asked++ > 0 ? { generation, isUp: true } : null),
    isCopied: async () => true,
    async killSandbox(session) {
      deeds.push(`kill the sandbox of ${session}`)
      generation += 1
      return 'kill -9 7'
    },
    mentions: async (_, words) => options.mentions?.(words) ?? (words === TOKEN ? 0 : 1),
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
