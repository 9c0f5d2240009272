import { mkdir } from 'node:fs/promises'
import type { Scripted } from './cli/stage.ts'
import type { Config } from './config.ts'
import { createPlainLoop } from './demo-plain-loop.ts'
import { startDemoModel } from './model/demo/demo-model.ts'

/** The scripted model of a demo, and the plain loop that works with it. */
export interface Script extends Scripted, AsyncDisposable {
  /** Point a server at the model. */
  readonly settings: Pick<Config, 'modelApiKey' | 'modelBaseUrl' | 'modelBackend' | 'modelNames'>
}

/** Milliseconds between two words, so that a person can watch. */
const PACE_MS = 15
/** Keys by which the model's server tells its two clients apart. */
const WORKER_KEY = 'scripted-worker'
const LOOP_KEY = 'scripted-plain-loop'

/** Starts the model's server in this process; `folder` is made for the plain loop and is whoever's that made its parent. */
export async function openScript({ env, folder }: { env: NodeJS.ProcessEnv; folder: string }): Promise<Script> {
  await mkdir(folder)
  const model = await startDemoModel({ apiKey: WORKER_KEY, otherKeys: [LOOP_KEY], delayMs: PACE_MS })
  const requestsWith = (key: string) => model.requests.filter((request) => request.key === key)
  const plainLoop = createPlainLoop({
    folder,
    env: { PATH: env['PATH'], HOME: env['HOME'], ANTHROPIC_BASE_URL: model.url, ANTHROPIC_API_KEY: LOOP_KEY },
    requests: () => requestsWith(LOOP_KEY).map(({ body }) => toMessages(body)),
  })
  return {
    settings: {
      modelApiKey: WORKER_KEY,
      modelBaseUrl: model.url,
      modelBackend: 'anthropic',
      modelNames: new Map(),
    },
    modelCalls: () => requestsWith(WORKER_KEY).length,
    plainLoop,
    async [Symbol.asyncDispose]() {
      await plainLoop[Symbol.asyncDispose]()
      await model.close()
    },
  }
}

/** The messages of a request, a text for each. */
function toMessages(body: unknown): readonly string[] {
  const messages: unknown = typeof body === 'object' && body !== null && 'messages' in body ? body.messages : []
  return Array.isArray(messages) ? messages.map((message) => JSON.stringify(message)) : []
}
