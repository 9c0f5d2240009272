import { createHash, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import Anthropic, { APIError, toFile } from '@anthropic-ai/sdk'
import { describe, expect, test } from 'vitest'
import { readSdkRoutes } from '../../scripts/sdk-routes.ts'
import { findApiRoute } from '../../src/wire/routes.ts'
import { buildFile } from '../suites/file-store.ts'
import { uniqueName } from '../support/temporal.ts'
import type { Things } from './route-calls.ts'
import { ROUTE_CALLS } from './route-calls.ts'
import { useStack } from './use-stack.ts'

const use = useStack()
const routes = new Map(readSdkRoutes().map(({ name, route }) => [name, route]))

async function makeThings(): Promise<Things> {
  const { stack } = use()
  const { beta } = stack.sdk
  const agent = (await beta.agents.create({ name: 'covered', model: 'claude-opus-5-5' })).id
  const environment = (await beta.environments.create({ name: uniqueName('covered') })).id
  const spare = (await beta.environments.create({ name: uniqueName('spare') })).id
  const session = (await beta.sessions.create({ agent, environment_id: environment })).id
  const archived = (await beta.sessions.create({ agent, environment_id: environment })).id
  await beta.sessions.archive(archived)
  const bytes = Buffer.from('uploaded')
  const file = (await beta.files.upload({ file: await toFile(bytes, 'a.txt', { type: 'text/plain' }) })).id
  return { agent, environment, spare, session, archived, file, made: await makeFile(bytes) }
}

/** A file as a session's tools will make it. */
async function makeFile(bytes: Buffer): Promise<string> {
  const { stores, contents } = use().stack
  const content = randomUUID()
  await stores.files.begin('default', content)
  await contents.write(content, Readable.from([bytes]))
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const about = { content, sha256, downloadable: true, size: bytes.length, createdAt: new Date() }
  return (await stores.files.create(buildFile('default', about))).id
}

/** An official client, and the routes of all that it has sent. */
function openNoting(): { sdk: Anthropic; noted: (string | null)[] } {
  const { stack } = use()
  const [baseURL = ''] = stack.urls
  const noted: (string | null)[] = []
  const sdk = new Anthropic({
    baseURL,
    apiKey: stack.apiKey,
    maxRetries: 0,
    fetch(input, init) {
      const url = new URL(input instanceof Request ? input.url : input)
      // The client also tries out what its runtime's fetch can do.
      if (url.href.startsWith(baseURL)) noted.push(findApiRoute((init?.method ?? 'GET').toUpperCase(), url.pathname))
      return fetch(input, init)
    },
  })
  return { sdk, noted }
}

/** Null for an answer, the status of a refusal; a route that is not built is neither. */
async function outcomeOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (error: unknown) => {
      if (error instanceof APIError && error.errorCode !== 'not_built') return error.status
      throw error
    },
  )
}

describe('the official client', () => {
  const calls = Object.entries(ROUTE_CALLS).map(([name, call]) =>
    typeof call === 'function' ? { name, ask: call, refused: null } : { name, ...call },
  )
  test.each(calls)('calls $name', async ({ name, ask, refused }) => {
    const things = await makeThings()
    const { sdk, noted } = openNoting()
    expect(await outcomeOf(ask(sdk, things))).toBe(refused)
    expect(noted).toEqual([routes.get(name)])
  })
})
