import { describe, expect, test } from 'vitest'
import { addSandboxCommands } from '../src/sandbox-commands.ts'
import { createStores } from '../src/store/postgres/stores.ts'
import { buildSandbox, createSession } from './store/builders.ts'
import { newMigrated } from './store/use-postgres.ts'
import { commandLine } from './support/command-line.ts'
import { temporaryFolder } from './support/programs.ts'

async function scene() {
  const { url, database } = await newMigrated()
  const stores = createStores(database)
  const env = { DATABASE_URL: url, HOME: await temporaryFolder() }
  return { longhand: commandLine(addSandboxCommands, env), stores }
}

describe('the commands for sandboxes', () => {
  test('list those of all hosts, and want one put away', async () => {
    const { longhand, stores } = await scene()
    const { id } = await createSession(stores, 'default')
    await stores.bindings.replace(0, { ...buildSandbox(id, 1), host: 'rack-1' })
    const { code, out } = await longhand('sandboxes', 'list')
    expect([code, out.length]).toEqual([0, 2])
    expect(out[1]).toMatch(new RegExp(`^${id}  main  1 +local  rack-1  20\\S+Z  - +idle$`))

    const evicted = await longhand('sandboxes', 'evict', id)
    expect(evicted).toMatchObject({ code: 0, out: [expect.stringContaining('once the session is idle')] })
    expect((await longhand('sandboxes', 'list')).out[1]).toMatch(/idle, to be put away$/)
    const listed: unknown = JSON.parse((await longhand('sandboxes', 'list', '--json')).out[0] ?? '')
    expect(listed).toEqual([
      {
        session_id: id,
        hand: 'main',
        generation: 1,
        provider: 'local',
        host: 'rack-1',
        status: 'idle',
        used_at: expect.any(String),
        copied_at: null,
        evict_at: expect.any(String),
      },
    ])
  })

  test('say which session has none', async () => {
    const { longhand } = await scene()
    const { code, out, err } = await longhand('sandboxes', 'evict', 'sesn_none')
    expect([code, out]).toEqual([4, []])
    expect(err[0]).toContain('no sandbox of a session "sesn_none"')
  })
})
