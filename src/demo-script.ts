import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Scripted } from './cli/stage.ts'
import type { Config } from './config.ts'
import { openDemoRepository } from './demo-git.ts'
import { createPlainLoop } from './demo-plain-loop.ts'
import { startDemoModel } from './model/demo/demo-model.ts'

/** The scripted model of a demo, the plain loop that works with it, and a repository that opens to a token. */
export interface Script extends Scripted, AsyncDisposable {
  /** Point a server at the model, and at the repository as one of GitHub's. */
  readonly settings: Pick<Config, 'modelApiKey' | 'modelBaseUrl' | 'modelBackend' | 'modelNames'> &
    Partial<Pick<Config, 'githubUrl'>>
}

/** Milliseconds between two words, so that a person can watch. */
const PACE_MS = 15
/** Keys by which the model's server tells its two clients apart. */
const WORKER_KEY = 'scripted-worker'
const LOOP_KEY = 'scripted-plain-loop'

/** Starts the servers in this process; folders are made in `folder`, which is whoever's that made it. */
export async function openScript({ env, folder }: { env: NodeJS.ProcessEnv; folder: string }): Promise<Script> {
  const folders = { plainLoop: join(folder, 'plain-loop'), git: join(folder, 'git') }
  for (const path of Object.values(folders)) await mkdir(path)
  const repository = await openDemoRepository(folders.git, `ghp_${randomBytes(18).toString('hex')}`)
  const model = await startDemoModel({ apiKey: WORKER_KEY, otherKeys: [LOOP_KEY], delayMs: PACE_MS })
  const requestsWith = (key: string) => model.requests.filter((request) => request.key === key)
  const plainLoop = createPlainLoop({
    folder: folders.plainLoop,
    env: { PATH: env['PATH'], HOME: env['HOME'], ANTHROPIC_BASE_URL: model.url, ANTHROPIC_API_KEY: LOOP_KEY },
    requests: () => requestsWith(LOOP_KEY).map(({ body }) => toMessages(body)),
  })
  return {
    settings: {
      modelApiKey: WORKER_KEY,
      modelBaseUrl: model.url,
      modelBackend: 'anthropic',
      modelNames: new Map(),
      ...(repository && { githubUrl: repository.base }),
    },
    repository,
    modelCalls: () => requestsWith(WORKER_KEY).length,
    plainLoop,
    async [Symbol.asyncDispose]() {
      await plainLoop[Symbol.asyncDispose]()
      await repository?.[Symbol.asyncDispose]()
      await model.close()
    },
  }
}

/** The messages of a request, a text for each. */
function toMessages(body: unknown): readonly string[] {
  const messages: unknown = typeof body === 'object' && body !== null && 'messages' in body ? body.messages : []
  return Array.isArray(messages) ? messages.map((message) => JSON.stringify(message)) : []
}
