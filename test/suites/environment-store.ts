import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Stores } from '../../src/store/postgres/stores.ts'
import type { Environment } from '../../src/wire/types.ts'
import { buildEnvironment, newWorkspace, noon } from '../store/builders.ts'
import { byAge, limits, moments, walk } from '../store/walk.ts'

/** What every environment store does; each call of `open` is another process on the same database. */
export function environmentStoreSuite(open: () => Promise<Stores>): void {
  describe('environment store', () => {
    test('reads what was created, in its workspace only', async () => {
      const stores = await open()
      const [own, foreign] = [await newWorkspace(stores), await newWorkspace(stores)]
      const environment = buildEnvironment({ metadata: { team: 'a' } })
      expect(await stores.environments.create(own, environment)).toBe(true)
      expect(await stores.environments.read(own, environment.id)).toEqual(environment)
      expect(await stores.environments.read(foreign, environment.id)).toBeNull()
      expect(await stores.environments.read(own, 'env_none')).toBeNull()
      expect(await stores.environments.list(foreign, { limit: 9 })).toEqual([])
    })

    test('refuses the name of a live environment of the same workspace, and of no other', async () => {
      const stores = await open()
      const [own, other] = [await newWorkspace(stores), await newWorkspace(stores)]
      expect(await stores.environments.create(own, buildEnvironment({ name: 'python' }))).toBe(true)
      expect(await stores.environments.create(own, buildEnvironment({ name: 'python' }))).toBe(false)
      expect(await stores.environments.create(other, buildEnvironment({ name: 'python' }))).toBe(true)
      expect(await stores.environments.list(own, { limit: 9 })).toHaveLength(1)
    })

    test('gives the name of an archived environment free', async () => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const archived = buildEnvironment({ name: 'python', archived_at: noon.toISOString() })
      expect(await stores.environments.create(workspace, archived)).toBe(true)
      expect(await stores.environments.create(workspace, buildEnvironment({ name: 'python' }))).toBe(true)
    })

    test('rejects an id that is taken: two environments never share one', async () => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const environment = buildEnvironment()
      await stores.environments.create(workspace, environment)
      await expect(stores.environments.create(workspace, { ...environment, name: 'another' })).rejects.toThrow(
        'environments_pkey',
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
