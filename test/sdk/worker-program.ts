import Anthropic from '@anthropic-ai/sdk'
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema'
import { betaAgentToolset20260401 } from '@anthropic-ai/sdk/tools/agent-toolset/node'
import { openWay } from './way.ts'

/**
 * The SDK's own worker of a self-hosted environment, for Node 22 and later: whom it works for stands in its environment,
 * what it does in its argument. A line on stdout says that it is there, one of each request what came of it. Ends with
 * SIGTERM, once it has let go of what it holds.
 */
export interface WorkerOptions {
  readonly environmentId: string
  readonly workdir: string
  readonly maxIdleMs?: number
  /** Whether it has the custom tool `lookup` too. */
  readonly looksUp?: boolean
  /** A Unix socket behind which the API is, where its port cannot be reached. */
  readonly through?: string
}

/** A request that the worker has made. */
export interface WorkerRequest {
  /** Its place among those that were sent. */
  readonly nth: number
  readonly method: string
  readonly path: string
  readonly status: number
}

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

const lookup = betaTool({
  name: 'lookup',
  description: 'Looks a word up.',
  inputSchema: { type: 'object', properties: { word: { type: 'string' } }, required: ['word'] },
  run: ({ word }) => [
    { type: 'text', text: `${word} means ${word.length}` },
    { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } },
  ],
})

async function main({ environmentId, workdir, maxIdleMs, looksUp = false, through }: WorkerOptions): Promise<void> {
  const ended = new AbortController()
  process.once('SIGTERM', () => ended.abort())
  const port = Number(new URL(process.env['ANTHROPIC_BASE_URL'] ?? '').port)
  const way = through === undefined ? null : await openWay({ port, host: '127.0.0.1' }, { path: through })
  let sent = 0
  const client = new Anthropic({
    apiKey: null,
    fetch: async (url, init) => {
      const nth = sent++
      const response = await fetch(url, init)
      const { pathname: path } = new URL(response.url)
      const request: WorkerRequest = { nth, method: init?.method ?? 'GET', path, status: response.status }
      process.stdout.write(`${JSON.stringify(request)}\n`)
      return response
    },
  })
  const worker = client.beta.environments.work.worker({
    environmentId,
    environmentKey: process.env['ANTHROPIC_ENVIRONMENT_KEY'] ?? '',
    workdir,
    tools: (context) => [...betaAgentToolset20260401(context), ...(looksUp ? [lookup] : [])],
    ...(maxIdleMs === undefined ? {} : { maxIdleMs }),
  })
  await worker.run(ended.signal).catch((error: unknown) => {
    if (!ended.signal.aborted) throw error
  })
  way?.close()
}

// Written by the test alone.
await main(JSON.parse(process.argv[2] ?? '') as WorkerOptions)
