import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openDemoRepository, openRepositories } from '../src/demo-git.ts'
import { temporaryFolder } from './support/programs.ts'

const run = promisify(execFile)

async function scene() {
  const repository = await openDemoRepository(await temporaryFolder(), 'ghp_1')
  if (repository === null) throw new Error('expected a git that can serve')
  onTestFinished(() => repository[Symbol.asyncDispose]())
  const work = await temporaryFolder()
  const env = { ...process.env, GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_GLOBAL: '/dev/null' }
  const git = (...args: readonly string[]) => run('git', args, { cwd: work, env })
  const urlWith = (token: string) => `${repository.base.replace('://', `://x-access-token:${token}@`)}/demo/app`
  return { repository, git, urlWith }
}

describe('the repository of the demo', () => {
  test('opens to its token, which it counts, and takes a push', async () => {
    const { repository, git, urlWith } = await scene()
    await git('clone', '-q', urlWith('ghp_1'), '.')
    const heard = repository.heard()
    expect([heard > 0, await repository.commits()]).toEqual([true, 1])
    const who = ['-c', 'user.name=a', '-c', 'user.email=a@localhost']
    await git(...who, 'commit', '-q', '--allow-empty', '-m', 'more')
    await git('push', '-q', 'origin', 'main')
    expect([repository.heard() > heard, await repository.commits()]).toEqual([true, 2])
  })

  test.each(['ghp_2', ''])('stays shut to the token %j', async (token) => {
    const { repository, git, urlWith } = await scene()
    await expect(git('clone', '-q', urlWith(token), '.')).rejects.toThrow(/Authentication failed|could not read/)
    expect(repository.heard()).toBe(0)
  })
})

test('there are no repositories where there is no git', async () => {
  const { PATH } = process.env
  onTestFinished(() => void (process.env['PATH'] = PATH))
  process.env['PATH'] = await temporaryFolder()
  expect(await openRepositories(await temporaryFolder())).toBeNull()
})
