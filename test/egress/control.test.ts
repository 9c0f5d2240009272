import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { claimFolder } from '../../src/egress/control.ts'
import type { GateClient } from '../../src/egress/gate-client.ts'
import { connectGate } from '../../src/egress/gate-client.ts'
import type { Permit } from '../../src/egress/proxy-options.ts'
import type { RepositoryRoute } from '../../src/egress/repository-route.ts'
import { shorten } from '../../src/egress/short-path.ts'
import type { EgressProcess } from './egress-process.ts'
import { startProcess } from './egress-process.ts'
import { ask } from './test-proxy.ts'

const closed: Permit = { policy: { type: 'limited', hosts: ['a.test'] }, credentials: [] }
let root = ''
let serial = 0

beforeAll(async () => (root = await mkdtemp(join(tmpdir(), 'longhand-gate-'))))
afterAll(() => rm(root, { recursive: true, force: true }))

/** Long enough that sockets in it would have no path of their own. */
async function newFolder(): Promise<string> {
  const folder = join(root, `${serial++}`, 'a'.repeat(100))
  await mkdir(folder, { recursive: true })
  return folder
}

const sentence = 'does not allow b.test. It allows a.test.'
async function askAt(folder: string) {
  await using path = await shorten(folder)
  return await ask(path.to('proxy.sock'), 'http://b.test/')
}

describe('the gate of a host', () => {
  test('is opened and closed from another process', async () => {
    const folder = await newFolder()
    await using process = await startProcess(folder)
    const client = connectGate({ folder, start: () => {} })
    const door = await client.open('sesn_1.1', closed)
    expect((await askAt(door)).body).toContain(sentence)
    expect(await client.open('sesn_1.1', { ...closed, policy: { type: 'limited', hosts: [] } })).toBe(door)
    expect((await askAt(door)).body).toContain('allows no host at all')
    await client.close('sesn_1.1')
    await client.close('sesn_1.1')
    expect(process.gate.names()).toEqual([])
    expect(await readdir(folder)).toEqual(['control.sock'])
  })

  test('is closed to other users but for what is mounted', async () => {
    const folder = await newFolder()
    await chmod(folder, 0o755)
    await using process = await startProcess(folder)
    const door = await process.gate.open('sesn_1.1', closed)
    const modes = [folder, `${door}.json`, door, join(door, 'forward.pl'), join(door, 'proxy.sock')]
    const found = await Promise.all(modes.map(async (path) => ((await stat(path)).mode & 0o777).toString(8)))
    expect(found).toEqual(['700', '600', '755', '644', '777'])
  })

  test('is started by who needs it', async () => {
    const folder = await newFolder()
    const started: Promise<EgressProcess>[] = []
    const client = connectGate({ folder, start: () => started.push(startProcess(folder)) })
    const door = await client.open('sesn_1.1', closed)
    expect((await askAt(door)).status).toBe(403)
    expect(started).toHaveLength(1)
    for (const process of await Promise.all(started)) await process[Symbol.asyncDispose]()
  })

  test('has its policies again when it is another one', async () => {
    const folder = await newFolder()
    const first = await startProcess(folder)
    const door = await first.gate.open('sesn_1.1', closed)
    await first[Symbol.asyncDispose]()
    await expect(askAt(door)).rejects.toThrow('ENOENT')
    await using second = await startProcess(folder)
    expect(second.gate.names()).toEqual(['sesn_1.1'])
    expect((await askAt(door)).body).toContain(sentence)
  })

  test('leaves nothing when a door is closed while it is away', async () => {
    const folder = await newFolder()
    const first = await startProcess(folder)
    await first.gate.open('sesn_1.1', closed)
    await first[Symbol.asyncDispose]()
    await connectGate({ folder, start: () => {} }).close('sesn_1.1')
    expect(await readdir(folder)).toEqual([])
  })

  test('says that it cannot be reached', async () => {
    const client = connectGate({ folder: await newFolder(), start: () => {}, patienceMs: 100 })
    await expect(client.open('sesn_1.1', closed)).rejects.toThrow('ENOENT')
  })

  test.each<[string, (client: GateClient) => Promise<unknown>]>([
    ['opened', (client) => client.open('sesn_1.1', closed)],
    ['renewed', (client) => client.renew('sesn_1.1', closed)],
    ['closed', (client) => client.close('sesn_1.1')],
    ['ended', (client) => client.end()],
  ])('is not %s for ever by a process that does not answer', async (_, act) => {
    const folder = await newFolder()
    await using path = await shorten(folder)
    const silent = createServer(() => undefined)
    silent.listen(path.to('control.sock'))
    await once(silent, 'listening')
    const client = connectGate({ folder, start: () => {}, patienceMs: 100 })
    await expect(act(client)).rejects.toThrow(/^the egress process does not answer /)
    silent.closeAllConnections()
    await new Promise((resolve) => silent.close(resolve))
  })

  test('belongs to one process at a time', async () => {
    const folder = await newFolder()
    const lock = await claimFolder(folder)
    expect(await claimFolder(folder)).toBeNull()
    await new Promise((resolve) => lock?.close(resolve))
    const next = await claimFolder(folder)
    expect(next).not.toBeNull()
    next?.close()
  })
})

const ours: RepositoryRoute = {
  url: 'https://github.com/o/r',
  upstream: 'http://127.0.0.1:1/o/r',
  authorization: 'Basic the-token',
  isTrusted: true,
}
const open: RepositoryRoute = { ...ours, url: 'https://github.com/o/open', authorization: null }
const withRepositories: Permit = { ...closed, repositories: [ours, open] }

describe('a door with authorities of the operator’s', () => {
  test('has them for what is inside, in the process that comes next too, and beside its own', async () => {
    const folder = await newFolder()
    const read = async (door: string) => readFile(join(door, 'ca.pem'), 'utf8')
    let door = ''
    {
      await using first = await startProcess(folder)
      door = await first.gate.open('sesn_1.1', { ...closed, authorities: 'theirs' })
      expect(await read(door)).toBe('theirs')
    }
    await rm(join(door, 'ca.pem'))
    await using second = await startProcess(folder)
    expect(await read(door)).toBe('theirs')
    const placeholder = { placeholder: 'p', value: 'v', policy: closed.policy, headers: true, body: false }
    await second.gate.open('sesn_1.1', { ...closed, credentials: [placeholder], authorities: 'theirs' })
    expect(await read(door)).toMatch(/-----END CERTIFICATE-----\s+theirs$/)
  })
})

describe('a door with repositories', () => {
  async function askGit(folder: string, name: string) {
    await using path = await shorten(folder)
    return (await ask(path.to('proxy.sock'), `/git/github.com/o/${name}/info/refs?service=git-upload-pack`)).body
  }
  const away = /repository_clone_error: .* does not answer/
  const unknown = /repository_clone_error: the way to o\/r is being opened again/

  test('has a configuration for git, and no token in any file', async () => {
    const folder = await newFolder()
    await using process = await startProcess(folder)
    const door = await process.gate.open('sesn_1.1', withRepositories)
    const config = join(door, 'gitconfig')
    expect(await readFile(config, 'utf8')).toContain('insteadOf = "https://github.com/o/r"')
    expect((await stat(config)).mode & 0o777).toBe(0o644)
    const files = await readdir(folder, { recursive: true, withFileTypes: true })
    const texts = files
      .filter((file) => file.isFile())
      .map((file) => readFile(join(file.parentPath, file.name), 'utf8'))
    expect(await Promise.all(texts)).toHaveLength(3)
    expect((await Promise.all(texts)).filter((text) => text.includes('the-token'))).toEqual([])
    await process.gate.close('sesn_1.1')
    expect(await readdir(folder)).toEqual(['control.sock'])
  })

  test('waits for the tokens when the process is another one, and only for those', async () => {
    const folder = await newFolder()
    const first = await startProcess(folder)
    const door = await first.gate.open('sesn_1.1', withRepositories)
    expect(await askGit(door, 'r')).toMatch(away)
    await first[Symbol.asyncDispose]()
    await using _second = await startProcess(folder)
    expect(await askGit(door, 'r')).toMatch(unknown)
    expect(await askGit(door, 'open')).toMatch(away)
    await connectGate({ folder, start: () => {} }).renew('sesn_1.1', withRepositories)
    expect(await askGit(door, 'r')).toMatch(away)
  })

  test('is given other tokens while it is open, and does not come back for them', async () => {
    const folder = await newFolder()
    await using process = await startProcess(folder)
    const client = connectGate({ folder, start: () => {} })
    const door = await client.open('sesn_1.1', closed)
    expect(await askGit(door, 'r')).toContain('Only the repositories of this session')
    await client.renew('sesn_1.1', withRepositories)
    expect(await askGit(door, 'r')).toMatch(away)
    expect(await client.names()).toEqual(['sesn_1.1'])
    await client.close('sesn_1.1')
    await client.renew('sesn_1.1', withRepositories)
    expect([process.gate.names(), await client.names()]).toEqual([[], []])
  })

  test('says to who attends that a process has begun, each time', async () => {
    const folder = await newFolder()
    const first = await startProcess(folder)
    const client = connectGate({ folder, start: () => {} })
    await client.open('sesn_1.1', withRepositories)
    const leaving = new AbortController()
    let begun = 0
    let heard = () => {}
    const next = () => new Promise<void>((resolve) => (heard = resolve))
    let waiting = next()
    const attending = client.attend(leaving.signal, () => {
      begun++
      heard()
    })
    await waiting
    waiting = next()
    await first[Symbol.asyncDispose]()
    await using _second = await startProcess(folder)
    await waiting
    leaving.abort()
    await attending
    expect(begun).toBe(2)
  })
})

describe('an egress process', () => {
  test('is needed while there is a door or a client, and no longer', async () => {
    const folder = await newFolder()
    await using process = await startProcess(folder, 200)
    let isNeeded = true
    const unneeded = process.control.unneeded.then(() => (isNeeded = false))
    const client = connectGate({ folder, start: () => {} })
    const leaving = new AbortController()
    await client.open('sesn_1.1', closed)
    const attending = client.attend(leaving.signal)
    await client.close('sesn_1.1')
    expect(isNeeded).toBe(true)
    leaving.abort()
    await Promise.all([attending, unneeded])
    expect(isNeeded).toBe(false)
  })

  test('is not needed without its folder', async () => {
    const folder = await newFolder()
    await using process = await startProcess(folder, 200)
    await process.gate.open('sesn_1.1', closed)
    await rm(folder, { recursive: true })
    await process.control.unneeded
    expect(process.gate.names()).toEqual(['sesn_1.1'])
  })

  test('ends with all its doors when it is asked to', async () => {
    const folder = await newFolder()
    const process = await startProcess(folder)
    await process.gate.open('sesn_1.1', closed)
    const ended = process.control.unneeded.then(() => process[Symbol.asyncDispose]())
    const client = connectGate({ folder, start: () => {} })
    await client.end()
    await ended
    expect(process.gate.names()).toEqual([])
    await client.end()
  })

  test('ends and leaves its doors to the next one when it is asked to', async () => {
    const folder = await newFolder()
    const process = await startProcess(folder)
    const door = await process.gate.open('sesn_1.1', closed)
    const ended = process.control.unneeded.then(() => process[Symbol.asyncDispose]())
    await connectGate({ folder, start: () => {} }).halt()
    await ended
    await using next = await startProcess(folder)
    expect(next.gate.names()).toEqual(['sesn_1.1'])
    expect((await askAt(door)).body).toContain(sentence)
  })
})
