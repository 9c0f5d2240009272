import { join } from 'node:path'
import type Anthropic from '@anthropic-ai/sdk'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { cloneRepositories } from '../../src/hands/repositories.ts'
import type { SandboxHands } from '../../src/hands/sandbox-hands.ts'
import { createSandboxHands } from '../../src/hands/sandbox-hands.ts'
import type { SandboxProvider } from '../../src/hands/sandbox.ts'
import { providerOf } from '../hands/provider-of.ts'
import { sandboxKinds } from '../support/docker.ts'
import { newInstallation } from '../support/installation.ts'
import type { GitServer } from '../support/git-server.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import { egressPids, killProcess } from '../support/programs.ts'
import { silentLog } from '../support/silent-log.ts'
import type { Stack } from '../support/stack.ts'
import { startStack } from '../support/stack.ts'
import { bash, listAll, only, outputsIn, program, record, turn } from './drive.ts'
import { useGitDoors } from './git-doors.ts'

type RepositoryParams = Extract<
  NonNullable<Anthropic.Beta.SessionCreateParams['resources']>[number],
  { type: 'github_repository' }
>

const kinds = await sandboxKinds()
const github = 'https://github.com'
const files = { 'README.md': 'hello\n', 'src/a.txt': 'a\n' }

describe.each(kinds)('a session with repositories, in %s sandboxes', { timeout: 180_000 }, (kind) => {
  let data = ''
  let server: GitServer
  let stack: Stack
  let provider: SandboxProvider
  let hands: SandboxHands
  let agent = ''
  let environment = ''
  const newToken = () => `canary${Math.random().toString(36).slice(2)}`
  const token = newToken()
  const git = useGitDoors(token)

  beforeAll(async () => {
    const { doors, serve } = git()
    ;({ data, server } = git())
    await server.create('o/app', files)
    await server.create('o/lib', files)
    await server.create('o/other', files)
    await server.commit('o/lib', 'feature/x', { 'x.txt': 'x' })
    stack = await startStack({
      github: server.url,
      hands: { execute: (...call) => hands.execute(...call), prepare: (...call) => hands.prepare(...call) },
    })
    serve(stack)
    const installation = newInstallation('gits')
    provider = providerOf(kind, { folder: join(data, 'sandboxes'), installation, doors })
    const { bindings } = stack.stores
    hands = createSandboxHands({ provider, bindings, clone: cloneRepositories, log: silentLog })
    ;({ agent, environment } = await stack.prepare())
  })
  afterAll(async () => {
    await stack[Symbol.asyncDispose]()
    for (const row of await provider.list()) await provider.destroy(row)
  })
  afterEach(() => {
    server.fault = null
  })

  function repository(name: string, changes: Partial<RepositoryParams> = {}): RepositoryParams {
    return { type: 'github_repository', url: `${github}/${name}`, authorization_token: server.token, ...changes }
  }

  async function create(...resources: readonly RepositoryParams[]) {
    return stack.sdk.beta.sessions.create({ agent, environment_id: environment, resources: [...resources] })
  }

  /** What commands say, one call each, in one turn. */
  async function run(session: string, ...commands: readonly string[]): Promise<readonly string[]> {
    return outputsIn(await turn(stack.sdk, session, program(...commands.map(bash), 'SAY done')))
  }

  function idOf(resource: object | undefined): string {
    return resource !== undefined && 'id' in resource ? String(resource.id) : ''
  }

  async function errorsOf(session: string) {
    return only(await listAll(stack.sdk, session), 'session.error').map(({ error }) => error)
  }

  test('has them cloned, and pushes and pulls as anywhere', async () => {
    const created = await create(
      repository('o/app'),
      repository('o/lib', { mount_path: '/workspace/deep/lib', checkout: { type: 'branch', name: 'feature/x' } }),
    )
    expect(created.resources).toMatchObject([
      { type: 'github_repository', url: `${github}/o/app`, mount_path: '/workspace/app' },
      { url: `${github}/o/lib`, mount_path: '/workspace/deep/lib', checkout: { type: 'branch', name: 'feature/x' } },
    ])
    expect(
      await run(
        created.id,
        'cat app/README.md; git -C app config remote.origin.url; ls deep/lib; git -C deep/lib branch --show-current',
        'cd app && echo more > more.txt && git add . && git commit -qm more && git push -q origin main && echo pushed',
      ),
    ).toEqual([`hello\n${github}/o/app\nREADME.md\nsrc\nx.txt\nfeature/x`, 'pushed'])
    expect(await server.git('o/app', 'show', 'main:more.txt')).toBe('more')

    const second = await create(repository('o/app'))
    await server.commit('o/app', 'main', { 'theirs.txt': 'theirs' })
    expect(await run(second.id, 'cat app/more.txt', 'cd app && git pull -q && cat theirs.txt')).toEqual([
      'more',
      'theirs',
    ])
    const listed = await listAll(stack.sdk, created.id)
    const shown = [
      created,
      await stack.sdk.beta.sessions.retrieve(created.id),
      await stack.sdk.beta.sessions.resources.list(created.id),
      listed,
    ]
    expect(JSON.stringify(shown)).not.toContain(token)
    expect(faultsOfLog(listed, 'list')).toEqual([])
    expect(await errorsOf(created.id)).toEqual([])
  })

  test('goes on without those that cannot be had, and says why to client and model', async () => {
    const { id } = await create(
      repository('o/app', { authorization_token: 'ghp_wrong', mount_path: '/workspace/wrong' }),
      repository('o/nowhere'),
      repository('o/lib', { checkout: { type: 'branch', name: 'none' } }),
      repository('o/other', { checkout: { type: 'commit', sha: '1'.repeat(40) } }),
    )
    const events = await turn(stack.sdk, id, program(bash('ls'), bash('echo alive'), 'SAY done'))
    expect(only(events, 'session.error').map(({ error }) => error)).toMatchObject(
      [
        ['repository_authentication_error', 'o/app', 'hands: github.com refused the token of o/app (401).'],
        ['repository_not_found_error', 'o/nowhere', 'hands: github.com has no o/nowhere'],
        ['repository_checkout_error', 'o/lib', 'hands: The repository has no branch none.'],
        ['repository_checkout_error', 'o/other', 'hands: The repository has no commit 1111'],
      ].map(([type = '', name = '', message = '']) => ({
        type,
        repository_url: `${github}/${name}`,
        message: expect.stringContaining(message),
        retry_status: { type: 'retrying' },
      })),
    )
    const [first = '', second] = outputsIn(events)
    expect(first).toContain(`[${github}/o/app could not be cloned: github.com refused the token of o/app (401).`)
    expect(first).toContain(`[${github}/o/lib could not be cloned: The repository has no branch none.`)
    expect(second).toBe('alive')
    expect(events.at(-1)).toMatchObject({ type: 'session.status_idle', stop_reason: { type: 'end_turn' } })
    const listed = await listAll(stack.sdk, id)
    expect(faultsOfLog(listed, 'list')).toEqual([])
    expect(JSON.stringify(listed)).not.toContain('127.0.0.1:3128')
  })

  test.each([
    ['403', { type: 'status', status: 403 }, 'repository_forbidden_error'],
    ['500', { type: 'status', status: 500 }, 'repository_clone_error'],
  ] as const)('goes on when a server answers %s, and clones once it does not', async (_, fault, type) => {
    server.fault = fault
    const { id } = await create(repository('o/app'))
    expect(await run(id, 'ls')).toEqual([expect.stringContaining('could not be cloned')])
    expect(await errorsOf(id)).toMatchObject([{ type }])
    server.fault = null
    expect(await run(id, `git clone -q ${github}/o/app && cat app/README.md`)).toEqual(['hello'])
  })

  test('is told once of a repository, when calls begin beside each other', async () => {
    const { id } = await create(repository('o/nowhere'))
    const events = await turn(stack.sdk, id, program('PARALLEL 2', bash('echo a'), bash('echo b'), 'SAY done'))
    expect(await errorsOf(id)).toMatchObject([{ type: 'repository_not_found_error' }])
    expect(outputsIn(events).filter((said) => said.includes('could not be cloned'))).toHaveLength(2)
  })

  test('pushes with a new token from the moment it is given, in the same sandbox', async () => {
    const created = await create(repository('o/app'))
    const resource = idOf(created.resources[0])
    const push = 'cd /workspace/app && git commit -q --allow-empty -m x && git push -q origin main 2>&1; echo "code $?"'
    expect(await run(created.id, 'echo here > /tmp/here', push)).toEqual(['(no output)', 'code 0'])
    const next = newToken()
    server.token = next
    expect((await run(created.id, push))[0]).toMatch(/remote: repository_authentication_error: [^]*code 1/)
    const updated = await stack.sdk.beta.sessions.resources.update(resource, {
      session_id: created.id,
      authorization_token: next,
    })
    expect(JSON.stringify(updated)).not.toContain(next)
    await expect.poll(async () => (await run(created.id, push))[0], { timeout: 60_000, interval: 500 }).toBe('code 0')
    expect(await run(created.id, 'cat /tmp/here')).toEqual(['here'])
    server.token = token
    await stack.sdk.beta.sessions.resources.update(resource, {
      session_id: created.id,
      authorization_token: token,
    })
  })

  test('has them again in the sandbox after one that was lost', async () => {
    const { id } = await create(repository('o/app'))
    expect(await run(id, 'cat app/README.md')).toEqual(['hello'])
    for (const row of await provider.list()) if (row.sessionId === id) await provider.destroy(row)
    const [said = ''] = await run(id, 'cat app/README.md; echo again > app/again')
    expect(said).toMatch(/generation 2/)
    expect(said).toContain('a fresh clone in /workspace/app')
    expect(said).toMatch(/hello$/)
  })

  test('goes on when the egress process dies while git clones', async () => {
    let told = () => {}
    const asked = new Promise<void>((resolve) => (told = resolve))
    server.fault = { type: 'silence', told: () => told() }
    const { id } = await create(repository('o/app'))
    const recording = await record(stack.sdk, id)
    await stack.sdk.beta.sessions.events.send(id, { events: [program(bash('echo alive'), 'SAY done')] })
    await asked
    server.fault = null
    killProcess((await egressPids(data)).at(-1))
    await recording.until('session.status_idle')
    expect(recording.events.filter(({ type }) => type === 'session.error')).toMatchObject([
      { error: { type: 'repository_clone_error' } },
    ])
    expect(outputsIn(recording.events)).toEqual([expect.stringMatching(/could not be cloned[^]*\nalive$/)])
    const again = async () => (await run(id, `rm -rf app; git clone -q ${github}/o/app && cat app/README.md`))[0]
    await expect.poll(again, { timeout: 60_000, interval: 500 }).toBe('hello')
  })

  test('is interrupted while git clones, and has the clone with its next call', async () => {
    let told = () => {}
    const asked = new Promise<void>((resolve) => (told = resolve))
    server.fault = { type: 'silence', told: () => told() }
    const { id } = await create(repository('o/app'))
    const recording = await record(stack.sdk, id)
    await stack.sdk.beta.sessions.events.send(id, { events: [program(bash('echo never'), 'SAY never')] })
    await asked
    server.fault = null
    await stack.sdk.beta.sessions.events.send(id, { events: [{ type: 'user.interrupt' }] })
    await recording.until('session.status_idle')
    expect(await run(id, 'cat app/README.md')).toEqual(['hello'])
    expect(await errorsOf(id)).toEqual([])
  })

  test('reaches its repositories, and no other with their token, where its network lets nothing through', async () => {
    const closed = await stack.sdk.beta.environments.create({
      name: `closed ${kind}`,
      config: {
        type: 'cloud',
        networking: { type: 'limited', allowed_hosts: [], allow_mcp_servers: false, allow_package_managers: false },
      },
    })
    const { id } = await stack.sdk.beta.sessions.create({
      agent,
      environment_id: closed.id,
      resources: [repository('o/app')],
    })
    const asked = server.heard.length
    const [cloned, ...refused] = await run(
      id,
      'cat app/README.md',
      `git ls-remote ${github}/o/other 2>&1`,
      'git ls-remote http://127.0.0.1:3128/git/github.com/o/other 2>&1',
      `curl -sS ${github} 2>&1`,
      `git ls-remote ${server.url}/o/other 2>&1`,
    )
    expect(cloned).toBe('hello')
    for (const said of refused) expect(said).toMatch(/exit (?:56|128)$/)
    expect(server.heard.slice(asked).filter(({ line }) => !line.includes('/o/app.git/'))).toEqual([])
  })
})
