import { describe, expect, test } from 'vitest'
import type { RecipeRepository } from '../../src/hands/recipe.ts'
import { cloneRepositories, toFault } from '../../src/hands/repositories.ts'
import type { RunRequest, RunResult } from '../../src/hands/sandbox.ts'

const route = 'http://127.0.0.1:3128/git/github.com/o/r'
const plain: RecipeRepository = {
  resource: 'sesrsc_1',
  url: 'https://github.com/o/r',
  path: '/workspace/r',
  checkout: null,
}
const onBranch: RecipeRepository = { ...plain, checkout: { type: 'branch', name: 'feature/x' } }
const atCommit: RecipeRepository = { ...plain, checkout: { type: 'commit', sha: 'c0ffee'.padEnd(40, '0') } }

function ended(output: string, changes: Partial<RunResult> = {}): RunResult {
  return {
    reason: 'exit',
    code: 128,
    output: Buffer.from(output),
    truncated: null,
    first: true,
    isCleared: false,
    ...changes,
  }
}

describe('what a clone came to', () => {
  // As git 2.39 says it.
  test.each<[name: string, repository: RecipeRepository, said: string, type: string, message: string]>([
    [
      'a token that was refused',
      plain,
      `remote: repository_authentication_error: github.com refused the token of o/r (401). It may have expired.\nfatal: unable to access '${route}/': The requested URL returned error: 403\n`,
      'repository_authentication_error',
      'github.com refused the token of o/r (401). It may have expired.',
    ],
    [
      'what the token may not do',
      onBranch,
      `remote: repository_forbidden_error: github.com does not let the token of o/r do this (403).\nfatal: unable to access '${route}/': The requested URL returned error: 403\n`,
      'repository_forbidden_error',
      'github.com does not let the token of o/r do this (403).',
    ],
    [
      'a repository that is not there',
      atCommit,
      `remote: repository_not_found_error: github.com has no o/r, or does not show it to its token (404).\nfatal: repository '${route}/' not found\n`,
      'repository_not_found_error',
      'github.com has no o/r, or does not show it to its token (404).',
    ],
    [
      'a server that is away',
      plain,
      `remote: repository_clone_error: github.com said nothing for 120 s.\nfatal: unable to access '${route}/': The requested URL returned error: 504\n`,
      'repository_clone_error',
      'github.com said nothing for 120 s.',
    ],
    [
      'a branch that is not there',
      onBranch,
      'warning: Could not find remote branch feature/x to clone.\nfatal: Remote branch feature/x not found in upstream origin\n',
      'repository_checkout_error',
      'The repository has no branch feature/x.',
    ],
    [
      'a commit that is not there',
      atCommit,
      `fatal: remote error: upload-pack: not our ref ${'c0ffee'.padEnd(40, '0')}\n`,
      'repository_checkout_error',
      `The repository has no commit ${'c0ffee'.padEnd(40, '0')}.`,
    ],
    [
      'a commit that is not given out',
      atCommit,
      'error: Server does not allow request for unadvertised object c0ffee\n',
      'repository_checkout_error',
      `The repository has no commit ${'c0ffee'.padEnd(40, '0')}.`,
    ],
    [
      'a commit in an empty repository',
      atCommit,
      'warning: You appear to have cloned an empty repository.\nfatal: reference is not a tree: c0ffee\n',
      'repository_checkout_error',
      `The repository has no commit ${'c0ffee'.padEnd(40, '0')}.`,
    ],
    [
      'a connection that broke off',
      plain,
      'error: RPC failed; curl 18 transfer closed with outstanding read data remaining\nfatal: early EOF\nfatal: fetch-pack: invalid index-pack output\n',
      'repository_clone_error',
      'fetch-pack: invalid index-pack output',
    ],
    [
      'a disk that is full',
      plain,
      "fatal: cannot create directory at 'a/b': No space left on device\nwarning: Clone succeeded, but checkout failed.\nYou can inspect what was checked out with 'git status'\n\n",
      'repository_clone_error',
      "cannot create directory at 'a/b': No space left on device",
    ],
    ['no git', plain, 'sh: 8: git: not found\n', 'repository_clone_error', 'sh: 8: git: not found'],
    [
      'an address of the route',
      plain,
      `fatal: unable to access '${route}.git/': x\n`,
      'repository_clone_error',
      `unable to access 'https://github.com/o/r.git/': x`,
    ],
    ['nothing at all', plain, '\n', 'repository_clone_error', 'git ended with exit 128.'],
    ['control characters', plain, 'fatal: \u001b[31mred\u0000\u0007 end\n', 'repository_clone_error', '[31mred end'],
    [
      'a word of the wire that no error has',
      plain,
      'remote: repository_other_error: x\n',
      'repository_clone_error',
      'remote: repository_other_error: x',
    ],
  ])('is a fault: %s', (_, repository, said, type, message) => {
    expect(toFault(repository, ended(said))).toEqual({ resource: 'sesrsc_1', url: plain.url, type, message })
  })

  test.each<[reason: RunResult['reason'], message: string]>([
    ['timeout', 'git took longer than 10 minutes.'],
    ['oom', 'git took more memory than the sandbox has.'],
    ['cancelled', 'git ended with cancelled 143.'],
  ])('is a fault when it ended by %s', (reason, message) => {
    const fault = toFault(plain, ended('', { reason, code: 143 }))
    expect(fault).toMatchObject({ type: 'repository_clone_error', message })
  })

  test('is no fault when it is there, whatever git says', () => {
    const empty = 'warning: You appear to have cloned an empty repository.\n'
    expect(toFault(plain, ended(empty, { code: 0 }))).toBeNull()
    expect(toFault(plain, ended(empty, { code: 0, reason: 'oom' }))).toBeNull()
  })

  test('is told in 300 characters', () => {
    expect(toFault(plain, ended(`fatal: ${'x'.repeat(1000)}`))?.message).toHaveLength(300)
  })
})

describe('cloning', () => {
  /** A sandbox whose runs end as they are told to, by id. */
  function fake(results: Readonly<Record<string, RunResult>>, run: (request: RunRequest) => void = () => {}) {
    const asked: RunRequest[] = []
    return {
      asked,
      run: (request: RunRequest) => {
        asked.push(request)
        run(request)
        return Promise.resolve(results[request.id] ?? ended('', { code: 0 }))
      },
    }
  }
  const { signal } = new AbortController()

  test('is one run each, which knows the repository by its environment alone', async () => {
    const sandbox = fake({})
    const other = { ...atCommit, resource: 'sesrsc_2', path: '/workspace/$(touch x)' }
    expect(await cloneRepositories(sandbox, [onBranch, other], signal)).toEqual([])
    expect(sandbox.asked.map(({ id }) => id)).toEqual(['repository_sesrsc_1_1', 'repository_sesrsc_2_1'])
    expect(sandbox.asked[0]?.env).toMatchObject({ URL: plain.url, BRANCH: 'feature/x', COMMIT: '', TARGET: plain.path })
    expect(sandbox.asked[1]?.env).toMatchObject({ BRANCH: '', COMMIT: 'c0ffee'.padEnd(40, '0'), TARGET: other.path })
    expect(new Set(sandbox.asked.map(({ command }) => command)).size).toBe(1)
  })

  test('goes on with the next one after a fault', async () => {
    const sandbox = fake({ repository_sesrsc_1_1: ended('fatal: no\n') })
    const faults = await cloneRepositories(sandbox, [plain, { ...plain, resource: 'sesrsc_2' }], signal)
    expect(faults).toMatchObject([{ resource: 'sesrsc_1', message: 'no' }])
    expect(sandbox.asked).toHaveLength(2)
  })

  test('begins anew what an interrupt before had given up, and gives up in the end', async () => {
    const cancelled = ended('', { reason: 'cancelled', code: 143 })
    const once = fake({ repository_sesrsc_1_1: cancelled })
    expect(await cloneRepositories(once, [plain], signal)).toEqual([])
    expect(once.asked.map(({ id }) => id)).toEqual(['repository_sesrsc_1_1', 'repository_sesrsc_1_2'])
    const always = { run: () => Promise.resolve(cancelled) }
    expect(await cloneRepositories(always, [plain], signal)).toMatchObject([{ type: 'repository_clone_error' }])
  })

  test('rejects when it is given up, so that nothing is told of it', async () => {
    const giving = new AbortController()
    const sandbox = fake({}, () => giving.abort(new Error('given up')))
    await expect(cloneRepositories(sandbox, [plain, onBranch], giving.signal)).rejects.toThrow('given up')
    expect(sandbox.asked).toHaveLength(1)
  })
})
