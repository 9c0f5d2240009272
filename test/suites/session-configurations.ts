import { describe, expect, test } from 'vitest'
import { SessionBuried } from '../../src/store/buried.ts'
import type { Stores } from '../../src/store/postgres/stores.ts'
import type { Networking } from '../../src/wire/types.ts'
import { buildConfiguration, buildSession, createSession, newWorkspace } from '../store/builders.ts'

/** What a session store does with the configurations that a session comes to have. */
export function sessionConfigurationsSuite(open: () => Promise<Stores>): void {
  describe('a configuration', () => {
    test('that a session may come to have is read by its id, for that session alone', async () => {
      const stores = await open()
      const [row, other] = [await createSession(stores, 'default'), await createSession(stores, 'default')]
      const next = { ...buildConfiguration(buildSession('default')), harness: 'another' }
      await stores.sessions.addConfiguration(row, next)
      expect(await stores.sessions.configuration(row.id, next.id)).toEqual(next)
      expect(await stores.sessions.configuration(other.id, next.id)).toBeNull()
      expect(await stores.sessions.configuration(row.id, 'cfg_none')).toBeNull()
      expect((await stores.sessions.configuration(row.id))?.id).toBe(row.configurationId)
      expect((await stores.sessions.configuration(row.id, row.configurationId))?.id).toBe(row.configurationId)
    })

    test('keeps its network, where there is one', async () => {
      const stores = await open()
      const row = buildSession(await newWorkspace(stores))
      const networking: Networking = {
        type: 'limited',
        allowed_hosts: ['*.example.com'],
        allow_mcp_servers: false,
        allow_package_managers: true,
      }
      await stores.sessions.create(row, { ...buildConfiguration(row), networking })
      expect((await stores.sessions.configuration(row.id))?.networking).toEqual(networking)
      const listed = await stores.sessions.configurations([row.id])
      expect(listed.get(row.id)?.networking).toEqual(networking)
      const next = { ...buildConfiguration(row), id: `${row.configurationId}-next`, networking }
      await stores.sessions.addConfiguration(row, next)
      expect(await stores.sessions.configuration(row.id, next.id)).toEqual(next)
    })

    test('keeps what its sandboxes are made of, where that is anything of its own', async () => {
      const stores = await open()
      const row = buildSession(await newWorkspace(stores))
      const recipe = {
        packages: { type: 'packages' as const, apt: ['jq'], cargo: [], gem: [], go: [], npm: [], pip: ['numpy'] },
        mounts: [{ path: '/mnt/session/uploads/a' }],
      }
      const configuration = { ...buildConfiguration(row), recipe }
      await stores.sessions.create(row, configuration)
      expect(await stores.sessions.configuration(row.id)).toEqual(configuration)
      expect((await stores.sessions.configurations([row.id])).get(row.id)).toEqual(configuration)
      const next = { ...configuration, id: `${row.configurationId}-next` }
      await stores.sessions.addConfiguration(row, next)
      expect(await stores.sessions.configuration(row.id, next.id)).toEqual(next)
    })

    test('goes with its session, whether that ever had it or not', async () => {
      const stores = await open()
      const row = await createSession(stores, 'default')
      const next = buildConfiguration(buildSession('default'))
      await stores.sessions.addConfiguration(row, next)
      await stores.sessions.bury('default', row.id)
      expect(await stores.sessions.configuration(row.id, next.id)).toBeNull()
      await expect(stores.sessions.addConfiguration(row, { ...next, id: 'cfg_late' })).rejects.toThrow(SessionBuried)
      await stores.sessions.clear(row.id)
      const heir = await createSession(stores, 'default')
      await expect(stores.sessions.addConfiguration(heir, next)).resolves.toBeUndefined()
    })

    test('is named by the row that is repaired, when it is there and the session’s own', async () => {
      const stores = await open()
      const [row, other] = [await createSession(stores, 'default'), await createSession(stores, 'default')]
      const next = buildConfiguration(buildSession('default'))
      await stores.sessions.addConfiguration(row, next)
      for (const configurationId of [other.configurationId, 'cfg_none', row.configurationId])
        await stores.sessions.repair(row.id, { ...row, configurationId })
      expect(await stores.sessions.find(row.id)).toEqual(row)
      await stores.sessions.repair(row.id, { ...row, configurationId: next.id })
      expect(await stores.sessions.find(row.id)).toMatchObject({
        ...row,
        configurationId: next.id,
        updatedAt: expect.any(Date),
      })
      expect(await stores.sessions.configuration(row.id)).toEqual(next)
      expect(await stores.sessions.configurations([row.id])).toEqual(new Map([[row.id, next]]))
    })
  })
}
