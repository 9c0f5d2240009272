import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attendDoors } from '../src/attend-doors.ts'
import { createNotifier } from '../src/store/postgres/notify.ts'
import { createStores } from '../src/store/postgres/stores.ts'
import type { SecretOwner } from '../src/store/resource-secrets.ts'
import { placeOfSecret, resourcesChannel } from '../src/store/resource-secrets.ts'
import { createSecretBox } from '../src/store/secrets.ts'
import { ask, serve } from './egress/test-proxy.ts'
import { createSession, newId } from './store/builders.ts'
import { newMigrated } from './store/use-postgres.ts'
import { silentLog } from './support/silent-log.ts'

let data = ''
beforeAll(async () => (data = await mkdtemp(join(tmpdir(), 'longhand-attended-'))))
afterAll(() => rm(data, { recursive: true, force: true }))

const dayMs = 24 * 60 * 60_000

describe('the doors of a worker', () => {
  test('have another token as soon as an api announces it, without a look of their own', async () => {
    const server = await serve((incoming, answer) => answer.end(String(incoming.headers.authorization)))
    const github = `http://127.0.0.1:${server.port}`
    const { url, database } = await newMigrated()
    const stores = createStores(database)
    const session = await createSession(stores, 'default')
    const secretsKey = randomBytes(32)
    const box = createSecretBox(secretsKey)
    const owner: SecretOwner = { workspaceId: 'default', sessionId: session.id, resourceId: newId('sesrsc') }
    const rotate = (token: string) =>
      stores.resourceSecrets.put(owner, (version) => box.seal(token, placeOfSecret({ ...owner, version })))
    const created_at = '2026-01-01T00:00:00Z'
    const repository = { id: owner.resourceId, type: 'github_repository', url: `${github}/o/r`, created_at } as const
    const resource = { ...repository, mount_path: '/workspace/r', checkout: null }
    await stores.resources.add({ workspaceId: 'default', sessionId: session.id, resource }, () => {})
    await rotate('first')

    await using notifier = await createNotifier(url, silentLog)
    await using api = await createNotifier(url, silentLog)
    const stopping = new AbortController()
    const config = { data, sandboxCa: undefined, secretsKey, githubUrl: github }
    const doors = await attendDoors({ config, stores, notifier, log: silentLog }, stopping.signal, dayMs)
    const folder = await doors.open(`${session.id}.1`, session.id)
    const path = `/git/127.0.0.1:${server.port}/o/r/info/refs?service=git-upload-pack`
    const heard = async () => (await ask(join(folder, 'proxy.sock'), path)).body.replace('Basic ', '')
    const basic = (token: string) => Buffer.from(`x-access-token:${token}`).toString('base64')
    expect(await heard()).toBe(basic('first'))

    // The first may be given by the look at a process that has just begun.
    for (const token of ['second', 'third']) {
      await rotate(token)
      await api.publish(resourcesChannel, session.id)
      await expect.poll(heard).toBe(basic(token))
    }

    stopping.abort()
    await doors.end()
    server.server.close()
  })
})
