import { createHash, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import Anthropic, { toFile } from '@anthropic-ai/sdk'
import { describe, expect, test } from 'vitest'
import { readSdkRoutes } from '../../scripts/sdk-routes.ts'
import { findApiRoute } from '../../src/wire/routes.ts'
import { buildEnvironment, createSession, newId } from '../store/builders.ts'
import { buildFile } from '../suites/file-store.ts'
import { uniqueName } from '../support/temporal.ts'
import type { Things, WorkThing } from './route-calls.ts'
import { ROUTE_CALLS } from './route-calls.ts'
import { useStack } from './use-stack.ts'

const use = useStack()
const routes = new Map(readSdkRoutes().map(({ name, route }) => [name, route]))

async function makeThings(sdk: Anthropic): Promise<Things> {
  const { stack } = use()
  const { beta } = stack.sdk
  const agent = (await beta.agents.create({ name: 'covered', model: 'claude-opus-5-5' })).id
  const environment = (await beta.environments.create({ name: uniqueName('covered') })).id
  const spare = (await beta.environments.create({ name: uniqueName('spare') })).id
  const bytes = Buffer.from('uploaded')
  const file = (await beta.files.upload({ file: await toFile(bytes, 'a.txt', { type: 'text/plain' }) })).id
  const { id: session, resources } = await beta.sessions.create({
    agent,
    environment_id: environment,
    resources: [
      { type: 'file', file_id: file },
      { type: 'github_repository', url: 'https://github.com/octo/repo' },
    ],
  })
  const [mounted = '', cloned = ''] = resources.map((resource) => ('id' in resource ? resource.id : ''))
  const archived = (await beta.sessions.create({ agent, environment_id: environment })).id
  await beta.sessions.archive(archived)
  return {
    agent,
    environment,
    spare,
    session,
    mounted,
    cloned,
    archived,
    file,
    made: await makeFile(bytes),
    work: (state) => makeWork(sdk, state),
  }
}

/** Of a session that is there by its row alone. */
async function makeWork(sdk: Anthropic, state: 'queued' | 'polled' | 'held'): Promise<WorkThing> {
  const { stores } = use().stack
  const { id: environment } = await stores.environments.create('default', buildEnvironment())
  const [secret, keyId] = [newId('lh_env'), newId('key')]
  await stores.environmentKeys.create({ id: keyId, environmentId: environment, name: 'worker' }, secret)
  const { id: sessionId } = await createSession(stores, 'default', { environmentId: environment, status: 'running' })
  const id = newId('work')
  await stores.work.enqueue({ id, sessionId })
  if (state !== 'queued')
    await stores.work.claim(environment, { reclaimMs: 5_000, token: { secret: newId('lh_work'), keyId } })
  if (state === 'held') await stores.work.ack({ environmentId: environment, id }, { isRetry: false })
  return { environment, worker: sdk.withOptions({ apiKey: secret }), id }
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

describe('the official client', () => {
  const calls = Object.entries(ROUTE_CALLS).map(([name, ask]) => ({ name, ask }))
  test.each(calls)('calls $name', async ({ name, ask }) => {
    const { sdk, noted } = openNoting()
    const things = await makeThings(sdk)
    await ask(sdk, things)
    expect(noted).toEqual([routes.get(name)])
  })
})
