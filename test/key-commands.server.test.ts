import { describe, expect, test } from 'vitest'
import { addKeyCommands } from '../src/key-commands.ts'
import { createStores } from '../src/store/postgres/stores.ts'
import { buildEnvironment } from './store/builders.ts'
import { newDatabase, newMigrated } from './store/use-postgres.ts'
import { commandLine } from './support/command-line.ts'
import { temporaryFolder } from './support/programs.ts'

async function scene() {
  const { url, database } = await newMigrated()
  const env = { DATABASE_URL: url, HOME: await temporaryFolder() }
  return { longhand: commandLine(addKeyCommands, env), ...createStores(database), env }
}

describe('the commands for keys', () => {
  test('make a key that opens its workspace until it is revoked', async () => {
    const { longhand, keys } = await scene()
    const made = await longhand('workspaces', 'create', 'team')
    const [workspaceId = ''] = made.out
    expect(workspaceId).toMatch(/^wrkspc_01/)
    const { code, out } = await longhand('keys', 'create', 'ci', '--workspace', 'team')
    const [secret = ''] = out
    expect([code, out.length]).toEqual([0, 1])
    expect(await keys.verify(secret)).toMatchObject({ name: 'ci', workspaceId })

    const listed = await longhand('keys', 'list')
    expect(listed.out.at(-1)).toMatch(new RegExp(`^key_01\\w+  ci +${workspaceId}  .*…${secret.slice(-4)}   valid$`))
    expect(listed.out.join('\n')).not.toContain(secret)
    expect(await longhand('keys', 'revoke', 'ci', '--workspace', workspaceId)).toMatchObject({ code: 0 })
    expect(await keys.verify(secret)).toBeNull()
    expect(await longhand('keys', 'revoke', 'ci', '--workspace', workspaceId)).toMatchObject({ code: 0 })
    expect((await longhand('keys', 'list')).out.at(-1)).toMatch(/revoked 20/)
  })

  test('make a key that opens its environment until it is revoked', async () => {
    const { longhand, environments, environmentKeys } = await scene()
    const { id } = await environments.create('default', buildEnvironment())
    const { code, out, err } = await longhand('environments', 'keys', 'create', id)
    const [secret = ''] = out
    expect([code, out.length, err]).toEqual([0, 1, [expect.stringContaining(`for workers of ${id}`)]])
    expect(secret).toMatch(/^lh_env_[\w-]{32}$/)
    expect(await environmentKeys.verify(secret)).toMatchObject({ environmentId: id, workspaceId: 'default' })

    const listed = await longhand('environments', 'keys', 'list', '--environment', id)
    expect(listed.out.at(-1)).toMatch(new RegExp(`^key_01\\w+  worker  ${id}  .*…${secret.slice(-4)}   valid$`))
    expect(listed.out.join('\n')).not.toContain(secret)
    const revoked = await longhand('environments', 'keys', 'revoke', 'worker', '--environment', id)
    expect(revoked).toMatchObject({ code: 0, out: [expect.stringContaining('is revoked')] })
    expect(await environmentKeys.verify(secret)).toBeNull()
    expect(JSON.stringify(await environmentKeys.list())).not.toContain(secret.slice(7))
  })

  test('print one line of JSON each with --json', async () => {
    const { longhand, keys, environments } = await scene()
    const { id } = await environments.create('default', buildEnvironment())
    for (const args of [
      ['environments', 'keys', 'create', id, '--name', 'ci'],
      ['environments', 'keys', 'list'],
      ['environments', 'keys', 'revoke', 'ci', '--environment', id],
      ['workspaces', 'create', 'team'],
      ['workspaces', 'list'],
      ['keys', 'create', 'ci'],
      ['keys', 'list'],
      ['keys', 'revoke', 'ci'],
    ]) {
      const { code, out, err } = await longhand(...args, '--json')
      expect([code, out.length, err]).toEqual([0, 1, []])
      expect(JSON.parse(out[0] ?? '')).toBeTypeOf('object')
    }
    expect((await keys.list()).map(({ name }) => name)).toEqual(['ci'])
  })

  test('keep no secret in the database', async () => {
    const { longhand, keys } = await scene()
    const { out } = await longhand('keys', 'create', 'ci')
    const stored = JSON.stringify(await keys.list())
    expect(stored).toContain('"name":"ci"')
    expect(stored).not.toContain(out[0]?.slice(3))
  })

  test('say where no database answers, and never its password', async () => {
    const env = { DATABASE_URL: 'postgres://me:hush@127.0.0.1:1/none', HOME: await temporaryFolder() }
    const { code, err } = await commandLine(addKeyCommands, env)('keys', 'list')
    expect([code, err]).toEqual([5, [expect.stringContaining('127.0.0.1:1/none')]])
    expect(err.join()).not.toContain('hush')
  })

  test('say what to do when the database is not migrated', async () => {
    const env = { DATABASE_URL: await newDatabase(), HOME: await temporaryFolder() }
    for (const args of [
      ['keys', 'list'],
      ['workspaces', 'create', 'team'],
      ['environments', 'keys', 'list'],
    ]) {
      const { code, err } = await commandLine(addKeyCommands, env)(...args)
      expect([code, err]).toEqual([5, [expect.stringContaining('not on the schema of this version')]])
    }
  })

  test('look for a running dev where no database is configured, or its folder is named', async () => {
    const { env } = await scene()
    const nowhere = { HOME: await temporaryFolder() }
    expect(await commandLine(addKeyCommands, nowhere)('keys', 'list')).toMatchObject({
      code: 5,
      out: [],
      err: [expect.stringContaining('no longhand dev')],
    })
    // No dev runs on the named folder: the database of the environment is not the one that was meant.
    expect(await commandLine(addKeyCommands, env)('keys', 'list', '--data', await temporaryFolder())).toMatchObject({
      code: 5,
      out: [],
    })
  })
})
