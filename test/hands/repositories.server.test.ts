import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Gate } from '../../src/egress/gate.ts'
import { openGate } from '../../src/egress/gate.ts'
import type { RepositoryRoute } from '../../src/egress/repository-route.ts'
import type { Checkout, RecipeRepository } from '../../src/hands/recipe.ts'
import { cloneRepositories } from '../../src/hands/repositories.ts'
import type { Sandbox, SandboxProvider } from '../../src/hands/sandbox.ts'
import { dialTo } from '../egress/test-proxy.ts'
import { findIn, searchInside, spellingsOf } from '../support/canary-scan.ts'
import { sandboxKinds } from '../support/docker.ts'
import { newInstallation } from '../support/installation.ts'
import type { GitServer } from '../support/git-server.ts'
import { startGitServer } from '../support/git-server.ts'
import { silentLog } from '../support/silent-log.ts'
import { openSandbox } from './local-sandboxes.ts'
import { providerOf } from './provider-of.ts'

const kinds = await sandboxKinds()
const token = `canary${Math.random().toString(36).slice(2)}`
const web = 'https://github.com'
const files = { 'README.md': 'hello\n', 'src/a.txt': 'a\n' }

describe.each(kinds)('repositories in a %s sandbox', { timeout: 60_000 }, (kind) => {
  const name = `sesn_${process.pid}xgit`
  let root = ''
  let server: GitServer
  let gate: Gate
  let provider: SandboxProvider
  let sandbox: Sandbox
  let serial = 0
  const routes = new Map<string, RepositoryRoute>()
  const startGate = () =>
    openGate({
      folder: join(root, 'egress'),
      dial: dialTo({ 'git.test:80': Number(new URL(server.url).port) }),
      log: silentLog,
    })
  const permit = () => ({
    policy: { type: 'limited' as const, hosts: ['git.test'] },
    credentials: [],
    repositories: [...routes.values()],
  })

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'longhand-repositories-'))
    server = await startGitServer(token)
    for (const repository of ['o/r', 'o/r-other', 'o/tool', 'o/secret']) await server.create(repository, files)
    await server.create('o/empty')
    for (const repository of ['o/public', 'o/r-public']) await server.create(repository, files, { isPublic: true })
    for (const repository of ['o/r', 'o/empty', 'o/missing', 'o/tool']) attach(repository, token)
    attach('o/public', null)
    attach('o/secret', 'a wrong one')
    routes.set('there', {
      url: 'http://git.test/o/r',
      upstream: `${server.url}/o/r`,
      authorization: null,
      isTrusted: true,
    })
    gate = await startGate()
    const ways = {
      open: (door: string) => gate.open(door, permit()),
      close: (door: string) => gate.close(door),
    }
    const installation = newInstallation('git')
    provider = providerOf(kind, { folder: join(root, 'sandboxes'), installation, doors: ways })
    ;({ sandbox } = await openSandbox(provider, name))
  })
  afterAll(async () => {
    for (const row of await provider.list()) await provider.destroy(row)
    await gate[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
    await rm(root, { recursive: true, force: true })
  })
  afterEach(() => {
    server.fault = null
  })

  function attach(repository: string, secret: string | null): void {
    const authorization = secret === null ? null : `Basic ${Buffer.from(`x-access-token:${secret}`).toString('base64')}`
    const upstream = `${server.url}/${repository}`
    routes.set(repository, { url: `${web}/${repository}`, upstream, authorization, isTrusted: true })
  }

  async function run(command: string): Promise<string> {
    const { output } = await sandbox.run({ id: `c${++serial}`, command, timeoutMs: 30_000, capBytes: 100_000 })
    return Buffer.from(output).toString().trim()
  }

  function clone(repository: string, path: string, checkout: Checkout | null = null) {
    const wanted: RecipeRepository = { resource: `r${++serial}`, url: `${web}/${repository}`, path, checkout }
    return cloneRepositories(sandbox, [wanted], new AbortController().signal)
  }

  test('are cloned, and worked with as anywhere', async () => {
    expect(await clone('o/r', '/workspace/r')).toEqual([])
    const said = await run(`cd r && cat README.md && git remote get-url origin && git config remote.origin.url &&
      echo more > more.txt && git add . && git commit -qm more && git push -q origin main && git pull -q &&
      git log --format=%s -1 && git status --short`)
    expect(said.split('\n')).toEqual(['hello', expect.stringContaining('127.0.0.1:3128'), `${web}/o/r`, 'more'])
    expect(await server.git('o/r', 'show', 'main:more.txt')).toBe('more')
    await server.commit('o/r', 'main', { 'theirs.txt': 'theirs' })
    expect(await run('cd r && git pull -q && cat theirs.txt')).toBe('theirs')
    expect(server.heard.every(({ token: given }) => given === token)).toBe(true)
  })

  test('are checked out where they are asked for', async () => {
    const sha = await server.commit('o/tool', 'feature/x', { 'x.txt': 'x' })
    await server.commit('o/tool', 'feature/x', { 'y.txt': 'y' })
    expect(await clone('o/tool', '/workspace/deep/down/branch', { type: 'branch', name: 'feature/x' })).toEqual([])
    expect(await clone('o/tool', '/workspace/commit', { type: 'commit', sha })).toEqual([])
    expect(await clone('o/public', '/workspace/public')).toEqual([])
    expect(await clone('o/empty', '/workspace/empty')).toEqual([])
    expect(
      await run(`cd deep/down/branch && git branch --show-current && ls && cd /workspace/commit && ls &&
        git rev-parse HEAD && ls /workspace/public && ls -A /workspace/empty`),
    ).toBe(`feature/x\nREADME.md\nsrc\nx.txt\ny.txt\nREADME.md\nsrc\nx.txt\n${sha}\nREADME.md\nsrc\n.git`)
  })

  test('are left alone where something is already, and leave nothing behind where they fail', async () => {
    await run('mkdir -p kept && echo mine > kept/file')
    expect(await clone('o/r', '/workspace/kept')).toEqual([])
    expect(await clone('o/missing', '/workspace/missing')).toHaveLength(1)
    expect(await run('ls kept; ls -d /workspace/missing /workspace/.longhand* 2>&1')).toMatch(/^file\n.*cannot access/)
  })

  test.each([
    ['o/missing', null, 'repository_not_found_error', /has no o\/missing, or does not show it to its token \(404\)/],
    ['o/secret', null, 'repository_authentication_error', /refused the token of o\/secret \(401\)/],
    ['o/r', { type: 'branch', name: 'none' }, 'repository_checkout_error', /has no branch none/],
    ['o/r', { type: 'commit', sha: '1'.repeat(40) }, 'repository_checkout_error', /has no commit 1{40}/],
    ['o/empty', { type: 'branch', name: 'main' }, 'repository_checkout_error', /has no branch main/],
    ['o/unattached', null, 'repository_clone_error', /CONNECT|Proxy|proxy/],
  ] as const)('of which %s cannot be had are told: %j', async (repository, checkout, type, message) => {
    const url = `${web}/${repository}`
    const faults = await clone(repository, `/workspace/x${serial}`, checkout)
    expect(faults).toMatchObject([{ type, url, message: expect.stringMatching(message) }])
    expect(faults[0]?.message).not.toContain('127.0.0.1:3128')
  })

  test.each([
    ['403', { type: 'status', status: 403 }, 'repository_forbidden_error'],
    ['500', { type: 'status', status: 500 }, 'repository_clone_error'],
    ['half an answer', { type: 'cut', bytes: 100 }, 'repository_clone_error'],
  ] as const)('are told when their server gives %s', async (_, fault, type) => {
    server.fault = fault
    expect(await clone('o/r', `/workspace/x${serial}`)).toMatchObject([{ type }])
  })

  test('are one clone for all who make the sandbox', async () => {
    const wanted = { resource: 'shared', url: `${web}/o/r`, path: '/workspace/shared', checkout: null }
    const asked = server.heard.length
    const { signal } = new AbortController()
    const faults = await Promise.all([1, 2, 3].map(() => cloneRepositories(sandbox, [wanted], signal)))
    expect(faults).toEqual([[], [], []])
    expect(server.heard.slice(asked).filter(({ line }) => line.includes('info/refs'))).toHaveLength(1)
  })

  test('are begun anew after an interrupt', async () => {
    const wanted = { resource: 'again', url: `${web}/o/r`, path: '/workspace/again', checkout: null }
    const giving = new AbortController()
    const cloning = cloneRepositories(sandbox, [wanted], giving.signal)
    giving.abort(new Error('given up'))
    await expect(cloning).rejects.toThrow('given up')
    expect(await cloneRepositories(sandbox, [wanted], new AbortController().signal)).toEqual([])
    expect(await run('cat again/README.md; ls -d .longhand-clone.* 2>&1')).toMatch(/^hello\n.*cannot access/)
  })

  test('are pushed to with the present token, large and small', async () => {
    server.token = 'a newer one'
    const push = `cd /workspace/r && head -c 3000000 /dev/urandom > large-$RANDOM && git add . && git commit -qm large &&
      git push -q origin main 2>&1; echo $?`
    expect(await run(push)).toContain('remote: repository_authentication_error: ')
    attach('o/r', 'a newer one')
    for (const door of gate.names()) await gate.renew(door, permit())
    expect(await run(push)).toBe('0')
    expect(await server.git('o/r', 'log', '--format=%s', '-1')).toBe('large')
    server.token = token
    attach('o/r', token)
    for (const door of gate.names()) await gate.renew(door, permit())
  })

  test('wait for their tokens when the proxy is another one', async () => {
    await gate[Symbol.asyncDispose]()
    expect(await run('git -C /workspace/r fetch 2>&1')).toContain('does not answer just now')
    gate = await startGate()
    expect(await run('git -C /workspace/r fetch 2>&1')).toContain('is being opened again: try again')
    for (const door of gate.names()) await gate.renew(door, permit())
    expect(await run('git -C /workspace/r fetch 2>&1; echo $?')).toBe('0')
  })

  test('do not stand in the way of another whose address begins with theirs: it is had without a token', async () => {
    const asked = server.heard.length
    const said = await run('git clone -q http://git.test/o/r-public 2>&1 && cat r-public/README.md')
    expect(said).toBe('hello')
    expect(new Set(server.heard.slice(asked).map(({ token: given }) => given))).toEqual(new Set([null]))
    expect(await run('git ls-remote http://git.test/o/r-other 2>&1; echo $?')).toMatch(
      /could not read Username[^]*128$/,
    )
  })

  test('open no way to others, in whatever spelling', async () => {
    const asked = server.heard.length
    const others = [
      `git ls-remote ${web}/o/r-other`,
      `git ls-remote http://127.0.0.1:3128/git/github.com/o/r-other`,
      `git -c http.followRedirects=true ls-remote http://127.0.0.1:3128/git/github.com/o/r-other`,
      `git ls-remote ${server.url}/o/r-other`,
      `git -c url.${server.url}/.insteadOf=${web}/ ls-remote ${web}/o/r-other`,
      `curl -sS --path-as-is 'http://127.0.0.1:3128/git/github.com/o/r/../r-other/info/refs?service=git-upload-pack'`,
      `curl -sS 'http://127.0.0.1:3128/git/github.com/o/r/%2e%2e/r-other/info/refs?service=git-upload-pack'`,
      `curl -sS http://127.0.0.1:3128/git/github.com/o/r/HEAD`,
      `curl -sS ${web}/o/r`,
    ]
    for (const command of others) expect(await run(`${command} 2>&1 | grep -ciE 'refs/heads|^(unpack|#) '`)).toBe('0')
    expect(server.heard.slice(asked)).toEqual([])
  })

  test('leave no token inside', async () => {
    const said =
      await run(`cd /workspace/r && env && git config --list --show-origin && git remote -v && cat .git/config &&
      GIT_TRACE_CURL=1 GIT_TRACE=1 git fetch 2>&1; cat /run/egress/gitconfig; ls -l /run/egress`)
    expect(findIn(said, spellingsOf(token))).toEqual([])
    const words = spellingsOf(token).filter((spelling) => !spelling.includes('\0'))
    expect(await run(searchInside(words))).toBe('')
    expect(await run(`echo planted-control > /tmp/planted; ${searchInside(['planted-control'])}`)).toContain(
      '/tmp/planted',
    )
    expect(server.heard.some(({ token: given }) => given === token)).toBe(true)
  })
})
