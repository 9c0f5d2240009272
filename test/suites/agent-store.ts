import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Stores } from '../../src/store/postgres/stores.ts'
import type { Agent } from '../../src/wire/types.ts'
import { after, buildAgent, newWorkspace, noon } from '../store/builders.ts'
import { byAge, limits, moments, walk } from '../store/walk.ts'

/** What every agent store does; each call of `open` is another process on the same database. */
export function agentStoreSuite(open: () => Promise<Stores>): void {
  describe('agent store', () => {
    test('reads the latest version, or the one asked for', async () => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const first = buildAgent()
      const second = { ...first, version: 2, name: 'Reviewer' }
      await stores.agents.create(workspace, first)
      expect(await stores.agents.update(workspace, first.id, () => second)).toEqual(second)
      expect(await stores.agents.read(workspace, first.id)).toEqual(second)
      expect(await stores.agents.read(workspace, first.id, 1)).toEqual(first)
      expect(await stores.agents.read(workspace, first.id, 3)).toBeNull()
    })

    test('gives back what it got, to the byte', async () => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const agent = buildAgent({ system: 'NUL \u0000, lone \ud800, emoji 🙂, "quotes"', metadata: { z: '1', a: '2' } })
      await stores.agents.create(workspace, agent)
      expect(JSON.stringify(await stores.agents.read(workspace, agent.id))).toBe(JSON.stringify(agent))
    })

    test('hides an agent from other workspaces in every read and write', async () => {
      const stores = await open()
      const [own, foreign] = [await newWorkspace(stores), await newWorkspace(stores)]
      const agent = buildAgent()
      await stores.agents.create(own, agent)
      expect(await stores.agents.read(foreign, agent.id)).toBeNull()
      expect(await stores.agents.read(foreign, agent.id, 1)).toBeNull()
      expect(await stores.agents.update(foreign, agent.id, toNext)).toBeNull()
      expect(await stores.agents.archive(foreign, agent.id, noon)).toBeNull()
      expect(await stores.agents.list(foreign, { limit: 10 })).toEqual([])
      expect(await stores.agents.versions(foreign, agent.id, { limit: 10 })).toEqual([])
      expect(await stores.agents.read(own, agent.id)).toEqual(agent)
    })

    test('keeps the agent that has an id already', async () => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const agent = buildAgent()
      expect(await stores.agents.create(workspace, agent)).toEqual(agent)
      expect(await stores.agents.create(workspace, { ...agent, name: 'late' })).toEqual(agent)
      expect(await stores.agents.versions(workspace, agent.id, { limit: 10 })).toEqual([agent])
      const foreign = await newWorkspace(stores)
      await expect(stores.agents.create(foreign, agent)).rejects.toThrow('of another')
    })

    test('stores nothing when an update changes nothing or fails', async () => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const agent = buildAgent()
      await stores.agents.create(workspace, agent)
      expect(await stores.agents.update(workspace, agent.id, (latest) => latest)).toEqual(agent)
      const refused = stores.agents.update(workspace, agent.id, () => {
        throw new Error('no such change')
      })
      await expect(refused).rejects.toThrow('no such change')
      expect(await stores.agents.versions(workspace, agent.id, { limit: 10 })).toEqual([agent])
      expect(await stores.agents.update(workspace, 'agent_none', toNext)).toBeNull()
    })

    test('makes concurrent updates one after the other, each of what the one before it left', async () => {
      const processes = [await open(), await open()]
      const workspace = await newWorkspace(processes[0]!)
      const rounds = 25
      for (let round = 0; round < rounds; round++) {
        const agent = buildAgent({ name: '' })
        await processes[0]!.agents.create(workspace, agent)
        const letters = ['a', 'b', 'c', 'd', 'e', 'f']
        const append = (letter: string) => (latest: Agent) => ({ ...toNext(latest), name: latest.name + letter })
        await Promise.all(
          letters.map((letter, i) => processes[i % 2]!.agents.update(workspace, agent.id, append(letter))),
        )
        const last = await processes[0]!.agents.read(workspace, agent.id)
        expect(last?.version).toBe(7)
        expect(last?.name.split('').toSorted()).toEqual(letters)
      }
      console.log(`agent store: n = ${rounds} races of 6 updates over 2 pools`)
    })

    test('shows an update that the agent is archived', async () => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const agent = buildAgent()
      await stores.agents.create(workspace, agent)
      await stores.agents.archive(workspace, agent.id, noon)
      const seen = await stores.agents.update(workspace, agent.id, (latest) => latest)
      expect(seen).toEqual({ ...agent, archived_at: noon.toISOString() })
    })

    test('archives every version at once and keeps the first time', async () => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const agent = buildAgent()
      await stores.agents.create(workspace, agent)
      await stores.agents.update(workspace, agent.id, toNext)
      const archived = await stores.agents.archive(workspace, agent.id, after(1))
      expect(archived).toEqual({ ...agent, version: 2, archived_at: after(1).toISOString() })
      expect(await stores.agents.archive(workspace, agent.id, after(9))).toEqual(archived)
      const versions = await stores.agents.versions(workspace, agent.id, { limit: 10 })
      expect(versions.map((version) => version.archived_at)).toEqual([after(1).toISOString(), after(1).toISOString()])
      expect(await stores.agents.archive(workspace, 'agent_none', noon)).toBeNull()
    })

    test('lists versions newest first, in pages', async () => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const agent = buildAgent()
      await stores.agents.create(workspace, agent)
      for (let version = 2; version <= 5; version++) await stores.agents.update(workspace, agent.id, toNext)
      const first = await stores.agents.versions(workspace, agent.id, { limit: 3 })
      const second = await stores.agents.versions(workspace, agent.id, { limit: 3, before: 3 })
      expect([...first, ...second].map(({ version }) => version)).toEqual([5, 4, 3, 2, 1])
    })

    test('lists the latest version of each agent, hiding archived ones unless asked', async () => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      const [live, archived] = [buildAgent(), buildAgent({ created_at: after(1).toISOString() })]
      for (const agent of [live, archived]) await stores.agents.create(workspace, agent)
      await stores.agents.update(workspace, live.id, toNext)
      await stores.agents.archive(workspace, archived.id, after(2))
      expect((await stores.agents.list(workspace, { limit: 9 })).map(nameVersion)).toEqual([`${live.id}@2`])
      const all = await stores.agents.list(workspace, { limit: 9, includeArchived: true })
      expect(all.map(nameVersion)).toEqual([`${archived.id}@1`, `${live.id}@2`])
    })

    test.each([
      ['gte', { gte: after(1) }, [2, 1]],
      ['lte', { lte: after(1) }, [1, 0]],
      ['both', { gte: after(1), lte: after(1) }, [1]],
    ])('filters by creation time, bounds included: %s', async (_, createdAt, expected) => {
      const stores = await open()
      const workspace = await newWorkspace(stores)
      for (const second of [0, 1, 2])
        await stores.agents.create(workspace, buildAgent({ created_at: after(second).toISOString() }))
      const listed = await stores.agents.list(workspace, { limit: 9, createdAt })
      expect(listed.map(({ created_at }) => created_at)).toEqual(expected.map((second) => after(second).toISOString()))
    })

    test('walks a list of any size in pages of any size, each agent once, newest first', async () => {
      const stores = await open()
      const runs = 30
      await fc.assert(
        fc.asyncProperty(moments, limits, async (times, limit) => {
          const workspace = await newWorkspace(stores)
          const agents = times.map((time) => buildAgent({ created_at: time.toISOString() }))
          for (const agent of agents) await stores.agents.create(workspace, agent)
          const walked = await walk<Agent>((last) =>
            stores.agents.list(workspace, { limit, ...(last && { from: toKeyset(last) }) }),
          )
          expect(walked.map(toKeyset)).toEqual(agents.map(toKeyset).toSorted(byAge).toReversed())
        }),
        { numRuns: runs },
      )
      console.log(`agent store: n = ${runs} random walks`)
    })
  })
}

function toKeyset(agent: Agent) {
  return { createdAt: new Date(agent.created_at), id: agent.id }
}

function toNext(agent: Agent): Agent {
  return { ...agent, version: agent.version + 1 }
}

function nameVersion(agent: Agent): string {
  return `${agent.id}@${agent.version}`
}
