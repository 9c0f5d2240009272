import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { HandsUnavailable } from '../src/hands/hands.ts'
import { nameDockerHost, nameLocalHost } from '../src/host-name.ts'
import { temporaryFolder } from './support/programs.ts'

const NAME = /^[0-9a-f]{12}$/

function daemon(id: string) {
  return { info: async () => ({ id, version: '1', storage: 'fake', runtimes: [] }) }
}

const away = {
  async info(): Promise<never> {
    throw new HandsUnavailable('no daemon answers')
  },
}

describe('the name of a host', () => {
  test('with local sandboxes is the same for every process there, and another for each folder', async () => {
    const name = await nameLocalHost('/srv/a/sandboxes')
    expect(name).toMatch(NAME)
    expect(await nameLocalHost('/srv/a/sandboxes')).toBe(name)
    expect(await nameLocalHost('/srv/b/sandboxes')).not.toBe(name)
  })

  test('with Docker is that of its daemon, whoever asks', async () => {
    const [one, two] = [await temporaryFolder(), await temporaryFolder()]
    const name = await nameDockerHost(daemon('a'), join(one, 'host'))
    expect(name).toMatch(NAME)
    expect(await nameDockerHost(daemon('a'), join(two, 'host'))).toBe(name)
    expect(await nameDockerHost(daemon('b'), join(two, 'host'))).not.toBe(name)
  })

  test('is kept for when the daemon does not answer', async () => {
    const file = join(await temporaryFolder(), 'host')
    expect(await nameDockerHost(away, file)).toBeNull()
    const name = await nameDockerHost(daemon('a'), file)
    expect(await nameDockerHost(away, file)).toBe(name)
    expect(await readFile(file, 'utf8')).toBe(name)
  })

  test('is not made of a mistake', async () => {
    const file = join(await temporaryFolder(), 'host')
    await writeFile(file, 'kept')
    const broken = { info: () => Promise.reject(new TypeError('ours')) }
    await expect(nameDockerHost(broken, file)).rejects.toThrow(TypeError)
  })
})
