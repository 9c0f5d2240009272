import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Stores } from '../../src/store/postgres/stores.ts'
import type { Environment } from '../../src/wire/types.ts'
import { EnvironmentGone } from '../../src/store/buried.ts'
import { NameTaken } from '../../src/store/environments.ts'
import {
  after,
  buildConfiguration,
  buildEnvironment,
  buildSession,
  createSession,
  newWorkspace,
  noon,
} from '../store/builders.ts'
import { byAge, limits, moments, walk } from '../store/walk.ts'

/** What every environment store does; each call of `open` is another process on the same database. */
export function environmentStoreSuite(open: () => Promise<Stores>): void {
  describe('environment store', () => {
    test('reads what was created, in its workspace only', async () => {
      const stores = await open()
      const [own, foreign] = [await newWorkspace(stores), await newWorkspace(stores)]
      const environment = buildEnvironment({ metadata: { team: 'a' } })
      expect(await stores.environments.create(own, environment)).toEqual(environment)
      expect(await stores.environments.read(own, environment.id)).toEqual(environment)
      expect(await stores.environments.read(foreign, environment.id)).toBeNull()
      expect(await stores.environments.read(own, 'env_none')).toBeNull()
      expect(await stores.environments.list(foreign, { limit: 9 })).toEqual([])
    })

    test('refuses the name of a live environment of the same workspace, and of no other', async () => {
      const stores = await open()
      const [own, other] = [await newWorkspace(stores), await newWorkspace(stores)]
      const python = await stores.environments.create(own, buildEnvironment({ name: 'python' }))
      const second = stores.environments.create(own, buildEnvironment({ name: 'python' }))
      await expect(second).rejects.toThrow(NameTaken)
      await stores.environments.create(other, buildEnvironment({ name: 'python' }))
      expect(await stores.environments.list(own, { limit: 9 })).toEqual([python])

      const node = await stores.environments.create(own, buildEnvironment({ name: 'node' }))
      const renamed = stores.environments.update(own, node.id, (stored) => ({ ...stored, name: 'python' }))
      await expect(renamed).rejects.toThrow('an environment named "python" exists already')
      expect(await stores.environments.read(own, node.id)).toEqual(node)
    })

    test('gives the name of an archived environment free, for good', async () => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const old = await stores.environments.create(workspace, buildEnvironment({ name: 'python' }))
      await stores.environments.archive(workspace, old.id, noon)
      const python = await stores.environments.create(workspace, buildEnvironment({ name: 'python' }))
      const same = await stores.environments.update(workspace, old.id, (stored) => ({ ...stored, description: 'old' }))
      expect(same).toMatchObject({ name: 'python', description: 'old' })
      expect(await stores.environments.list(workspace, { limit: 9 })).toEqual([python])
    })

    test('gives the name of a deleted or renamed environment free', async () => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const first = await stores.environments.create(workspace, buildEnvironment({ name: 'python' }))
      expect(await stores.environments.delete(workspace, first.id)).toBe('deleted')
      const second = await stores.environments.create(workspace, buildEnvironment({ name: 'python' }))
      await stores.environments.update(workspace, second.id, (stored) => ({ ...stored, name: 'snake' }))
      await stores.environments.create(workspace, buildEnvironment({ name: 'python' }))
      expect(await stores.environments.list(workspace, { limit: 9 })).toHaveLength(2)
    })

    test('finds the live environment of a name in its workspace', async () => {
      const stores = await open()
      const [own, foreign] = [await newWorkspace(stores), await newWorkspace(stores)]
      const old = await stores.environments.create(own, buildEnvironment({ name: 'python' }))
      await stores.environments.archive(own, old.id, noon)
      expect(await stores.environments.findNamed(own, 'python')).toBeNull()
      const python = await stores.environments.create(own, buildEnvironment({ name: 'python' }))
      expect(await stores.environments.findNamed(own, 'python')).toEqual(python)
      expect(await stores.environments.findNamed(foreign, 'python')).toBeNull()
      expect(await stores.environments.findNamed(own, 'Python')).toBeNull()
    })

    test('keeps the environment that has an id already', async () => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const environment = await stores.environments.create(workspace, buildEnvironment())
      expect(await stores.environments.create(workspace, environment)).toEqual(environment)
      expect(await stores.environments.create(workspace, { ...environment, name: 'late' })).toEqual(environment)
      expect(await stores.environments.list(workspace, { limit: 9 })).toEqual([environment])
    })

    test('archives once, and changes nothing else', async () => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const environment = await stores.environments.create(workspace, buildEnvironment())
      const archived = { ...environment, archived_at: after(1).toISOString() }
      expect(await stores.environments.archive(workspace, environment.id, after(1))).toEqual(archived)
      expect(await stores.environments.archive(workspace, environment.id, after(9))).toEqual(archived)
      expect(await stores.environments.read(workspace, environment.id)).toEqual(archived)
      const seen = await stores.environments.update(workspace, environment.id, (stored) => stored)
      expect(seen).toEqual(archived)
      expect(await stores.environments.archive(workspace, 'env_none', noon)).toBeNull()
    })

    test('stores nothing when an update changes nothing or fails', async () => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const environment = await stores.environments.create(workspace, buildEnvironment())
      expect(await stores.environments.update(workspace, environment.id, (stored) => stored)).toEqual(environment)
      const refused = stores.environments.update(workspace, environment.id, () => {
        throw new Error('no such change')
      })
      await expect(refused).rejects.toThrow('no such change')
      expect(await stores.environments.read(workspace, environment.id)).toEqual(environment)
      expect(await stores.environments.update(workspace, 'env_none', makeNone)).toBeNull()
    })

    test('makes concurrent updates one after the other, each of what the one before it left', async () => {
      const processes = [await open(), await open()]
      const workspace = await newWorkspace(processes[0]!)
      const rounds = 20
      for (let round = 0; round < rounds; round++) {
        const { id } = await processes[0]!.environments.create(workspace, buildEnvironment({ metadata: {} }))
        const keys = ['a', 'b', 'c', 'd', 'e', 'f']
        const add = (key: string) => (stored: Environment) => ({
          ...stored,
          metadata: { ...stored.metadata, [key]: '' },
        })
        await Promise.all(keys.map((key, i) => processes[i % 2]!.environments.update(workspace, id, add(key))))
        const last = await processes[0]!.environments.read(workspace, id)
        expect(Object.keys(last?.metadata ?? {}).toSorted()).toEqual(keys)
      }
      console.log(`environment store: n = ${rounds} races of 6 updates over 2 pools`)
    })

    test('hides an environment from other workspaces in every write', async () => {
      const stores = await open()
      const [own, foreign] = [await newWorkspace(stores), await newWorkspace(stores)]
      const environment = await stores.environments.create(own, buildEnvironment())
      expect(await stores.environments.update(foreign, environment.id, makeNone)).toBeNull()
      expect(await stores.environments.archive(foreign, environment.id, noon)).toBeNull()
      expect(await stores.environments.delete(foreign, environment.id)).toBe('missing')
      expect(await stores.environments.read(own, environment.id)).toEqual(environment)
    })

    test('deletes what no session names, archived or not, once', async () => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const [live, archived] = [buildEnvironment(), buildEnvironment({ archived_at: noon.toISOString() })]
      for (const { id } of await Promise.all(
        [live, archived].map((each) => stores.environments.create(workspace, each)),
      )) {
        expect(await stores.environments.delete(workspace, id)).toBe('deleted')
        expect(await stores.environments.delete(workspace, id)).toBe('missing')
        expect(await stores.environments.read(workspace, id)).toBeNull()
      }
      expect(await stores.environments.list(workspace, { limit: 9, includeArchived: true })).toEqual([])
    })

    test('keeps what a session names until the session is deleted', async () => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const { id } = await stores.environments.create(workspace, buildEnvironment())
      const session = await createSession(stores, workspace, { environmentId: id, archivedAt: noon })
      expect(await stores.environments.delete(workspace, id)).toBe('used')
      expect(await stores.environments.read(workspace, id)).not.toBeNull()
      await stores.sessions.bury(workspace, session.id)
      expect(await stores.environments.delete(workspace, id)).toBe('deleted')
    })

    test('keeps what a session has another hand in until the session is deleted', async () => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const [own, gpu] = [buildEnvironment(), buildEnvironment()]
      for (const environment of [own, gpu]) await stores.environments.create(workspace, environment)
      const row = buildSession(workspace, { environmentId: own.id })
      const hand = (environment: string) => ({ environment, networking: { type: 'unrestricted' as const } })
      const withHands = (...ids: string[]) => {
        const hands = Object.fromEntries(ids.map((id, index) => [`h${index}`, hand(id)]))
        return { ...buildConfiguration(row), recipe: { hands } }
      }
      await expect(stores.sessions.create(row, withHands(gpu.id, 'env_none'))).rejects.toMatchObject({
        name: 'EnvironmentGone',
        environmentId: 'env_none',
      })
      expect(await stores.sessions.find(row.id)).toBeNull()
      await stores.sessions.create(row, withHands(gpu.id, gpu.id))
      await stores.sessions.create(row, withHands(gpu.id, gpu.id))
      expect(await stores.environments.delete(workspace, gpu.id)).toBe('used')
      await stores.sessions.bury(workspace, row.id)
      expect(await stores.environments.delete(workspace, gpu.id)).toBe('deleted')
    })

    test('never deletes an environment under a session that is being created', async () => {
      const processes = [await open(), await open()]
      const workspace = await newWorkspace(processes[0]!)
      const rounds = 40
      let created = 0
      for (let round = 0; round < rounds; round++) {
        const { id } = await processes[0]!.environments.create(workspace, buildEnvironment())
        const row = buildSession(workspace, { environmentId: id })
        const deleteLate = async () => {
          // A few round trips, so that the deletion meets the creation at another of its steps each time.
          for (let step = 0; step < round % 8; step++) await processes[0]!.environments.read(workspace, id)
          return processes[0]!.environments.delete(workspace, id)
        }
        const [deletion, session] = await Promise.allSettled([
          deleteLate(),
          processes[1]!.sessions.create(row, buildConfiguration(row)),
        ])
        const isUsed = session.status === 'fulfilled'
        expect(deletion).toMatchObject({ value: isUsed ? 'used' : 'deleted' })
        expect(isUsed || session.reason instanceof EnvironmentGone).toBe(true)
        expect((await processes[0]!.environments.read(workspace, id)) !== null).toBe(isUsed)
        expect((await processes[0]!.sessions.find(row.id)) !== null).toBe(isUsed)
        if (isUsed) created += 1
      }
      console.log(
        `environment store: n = ${rounds} races of delete and a session's creation, ${created} for the session`,
      )
    })

    test('hides archived environments from the list unless asked', async () => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const [live, archived] = [buildEnvironment(), buildEnvironment({ archived_at: noon.toISOString() })]
      for (const environment of [live, archived]) await stores.environments.create(workspace, environment)
      expect(await stores.environments.list(workspace, { limit: 9 })).toEqual([live])
      expect(await stores.environments.list(workspace, { limit: 9, includeArchived: true })).toHaveLength(2)
    })

    test('makes one default environment however many ask for it at once', async () => {
      const processes = [await open(), await open()]
      const rounds = 40
      for (let round = 0; round < rounds; round++) {
        const workspace = await newWorkspace(processes[0]!)
        const answers = await Promise.all(
          Array.from({ length: 8 }, (_, i) =>
            processes[i % 2]!.environments.ensureDefault(workspace, () => buildEnvironment({ name: 'default' })),
          ),
        )
        expect(new Set(answers.map(({ id }) => id)).size).toBe(1)
        expect(await processes[0]!.environments.list(workspace, { limit: 9 })).toEqual([answers[0]])
      }
      console.log(`environment store: n = ${rounds} races of 8 over 2 pools`)
    })

    test('makes a default environment anew when the one before was archived', async () => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const make = (): Environment => buildEnvironment({ name: 'default' })
      const first = await stores.environments.ensureDefault(workspace, make)
      await stores.environments.archive(workspace, first.id, noon)
      const second = await stores.environments.ensureDefault(workspace, make)
      expect(second.id).not.toBe(first.id)
      expect(await stores.environments.list(workspace, { limit: 9 })).toEqual([second])
    })

    test('does not make a default environment that exists', async () => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const existing = buildEnvironment({ name: 'default' })
      await stores.environments.create(workspace, existing)
      expect(await stores.environments.ensureDefault(workspace, makeNone)).toEqual(existing)
    })

    test('rejects a default environment of another name', async () => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const misnamed = stores.environments.ensureDefault(workspace, () => buildEnvironment({ name: 'other' }))
      await expect(misnamed).rejects.toThrow('expected an environment named default')
    })

    test('walks a list of any size in pages of any size, each environment once, newest first', async () => {
      const stores = await open()
      const runs = 30
      await fc.assert(
        fc.asyncProperty(moments, limits, async (times, limit) => {
          const workspace = await newWorkspace(stores)
          const environments = times.map((time) => buildEnvironment({ created_at: time.toISOString() }))
          for (const environment of environments) await stores.environments.create(workspace, environment)
          const walked = await walk<Environment>((last) =>
            stores.environments.list(workspace, { limit, ...(last && { from: toKeyset(last) }) }),
          )
          expect(walked.map(toKeyset)).toEqual(environments.map(toKeyset).toSorted(byAge).toReversed())
        }),
        { numRuns: runs },
      )
      console.log(`environment store: n = ${runs} random walks`)
    })
  })
}

function toKeyset(environment: Environment) {
  return { createdAt: new Date(environment.created_at), id: environment.id }
}

function makeNone(): Environment {
  throw new Error('made a second default environment')
}
