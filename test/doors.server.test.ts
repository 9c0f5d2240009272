import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectDoors } from '../src/doors.ts'
import type { Permit } from '../src/egress/proxy-options.ts'
import { egressPids, killProcess } from './support/programs.ts'
import { silentLog } from './support/silent-log.ts'
import { ask, serve, worldAuthority } from './egress/test-proxy.ts'

let data = ''
beforeAll(async () => (data = await mkdtemp(join(tmpdir(), 'longhand-doors-'))))
afterAll(() => rm(data, { recursive: true, force: true }))

const pids = () => egressPids(data)

describe('the doors of a host', () => {
  test('are kept by a process that comes back when it is killed, and ends when it is told to', async () => {
    const permitOf = async (session: string): Promise<Permit> => ({
      policy: { type: 'limited', hosts: [`${session}.test`] },
      credentials: [],
    })
    const doors = connectDoors({ data }, { permitOf, versionsOf: async () => new Map(), log: silentLog })
    const stopping = new AbortController()
    const attending = doors.attend(stopping.signal)
    expect(await readdir(join(data, 'egress')).catch(() => [])).not.toContain('control.sock')
    const folder = await doors.open('sesn_1.1', 'sesn_1')
    const socket = join(folder, 'proxy.sock')
    expect((await ask(socket, 'http://a.test/')).body).toContain('It allows sesn_1.test.')

    killProcess((await pids())[0])
    while ((await pids()).length < 2) await pause(50)
    expect((await ask(socket, 'http://a.test/')).body).toContain('It allows sesn_1.test.')

    stopping.abort()
    await attending
    await doors.end()
    await expect(ask(socket, 'http://a.test/')).rejects.toThrow('ENOENT')
    const [, second = 0] = await pids()
    while (isRunning(second)) await pause(20)
    expect((await readdir(join(data, 'egress'))).filter((name) => name !== 'control.sock')).toEqual([])
  })

  test('lead builders to the registries, also in another process, and show the operator’s authorities', async () => {
    const sandboxCa = join(data, 'ca.pem')
    await writeFile(sandboxCa, worldAuthority.certificate)
    const permitOf = async (): Promise<Permit> => ({ policy: { type: 'limited', hosts: [] }, credentials: [] })
    const doors = connectDoors({ data, sandboxCa }, { permitOf, versionsOf: async () => new Map(), log: silentLog })
    const stopping = new AbortController()
    const attending = doors.attend(stopping.signal)
    const begun = (await pids()).length
    const folder = await doors.builders.open('build.1', undefined)
    const socket = join(folder, 'proxy.sock')
    const refusal = async () => (await ask(socket, 'http://a.test/')).body
    expect(await refusal()).toContain('It allows deb.debian.org, ')
    expect(await readFile(join(folder, 'ca.pem'), 'utf8')).toBe(worldAuthority.certificate)
    expect(await readFile(join(await doors.open('sesn_1.1', 'sesn_1'), 'ca.pem'), 'utf8')).not.toBe('')
    killProcess((await pids()).at(-1))
    while ((await pids()).length < begun + 2) await pause(50)
    expect([await doors.names(), await doors.builders.names()]).toEqual([['sesn_1.1'], ['build.1']])
    await doors.renew('build')
    expect(await refusal()).toContain('It allows deb.debian.org, ')
    await doors.builders.close('build.1')
    expect(await readdir(folder).catch(() => null)).toBeNull()
    stopping.abort()
    await attending
    await doors.end()
  })

  test('have the present tokens of repositories, after a change and in another process', async () => {
    const server = await serve((incoming, answer) => answer.end(String(incoming.headers.authorization)))
    const url = `http://127.0.0.1:${server.port}/o/r`
    const tokens: Record<string, string> = {}
    const versions: Record<string, number> = {}
    const authorizationOf = (session: string) => `${tokens[session] ?? 'first'} of ${session}`
    const asked: string[] = []
    const doors = connectDoors(
      { data },
      {
        permitOf: async (session, hand) => {
          asked.push(`${session} ${hand}`)
          const repositories = [{ url, upstream: url, authorization: authorizationOf(session), isTrusted: true }]
          return { policy: { type: 'unrestricted' }, credentials: [], repositories }
        },
        versionsOf: async (sessions) => new Map(sessions.map((session) => [session, versions[session] ?? 1])),
        log: silentLog,
        lookMs: 100,
      },
    )
    const stopping = new AbortController()
    const attending = doors.attend(stopping.signal)
    const before = (await pids()).length
    const folder = await doors.open('sesn_1.1.b00t', 'sesn_1')
    const other = await doors.open('sesn_2-build.1', 'sesn_2')
    expect(new Set(asked)).toEqual(new Set(['sesn_1 main', 'sesn_2 build']))
    const path = `/git/127.0.0.1:${server.port}/o/r/info/refs?service=git-upload-pack`
    const heard = async (door: string) => (await ask(join(door, 'proxy.sock'), path)).body
    expect([await heard(folder), await heard(other)]).toEqual(['first of sesn_1', 'first of sesn_2'])

    tokens['sesn_1'] = 'second'
    versions['sesn_1'] = 2
    await doors.renew('sesn_1')
    expect([await heard(folder), await heard(other)]).toEqual(['second of sesn_1', 'first of sesn_2'])
    tokens['sesn_2'] = 'second'
    versions['sesn_2'] = 2
    while ((await heard(other)) !== 'second of sesn_2') await pause(20)

    killProcess((await pids()).at(-1))
    while ((await pids()).length < before + 2) await pause(50)
    const again = async () => Promise.all([heard(folder), heard(other)]).catch(() => [])
    while (!(await again()).every((said) => said.startsWith('second'))) await pause(50)

    stopping.abort()
    await attending
    await doors.end()
    server.server.close()
  })
})

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
