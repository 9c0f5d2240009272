import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toGitConfig } from '../../src/egress/repository-route.ts'

const run = promisify(execFile)
let folder = ''
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'longhand-gitconfig-'))))
afterAll(() => rm(folder, { recursive: true, force: true }))

/** What git makes of an address under the configuration of two repositories. */
async function resolve(address: string): Promise<string> {
  const file = join(folder, 'gitconfig')
  const route = { upstream: 'https://secret.test/o/r', authorization: 'Basic secret', isTrusted: true }
  const urls = ['https://github.com/o/r', 'http://git.test:81/a/b']
  const text = toGitConfig(
    urls.map((url) => ({ ...route, url })),
    'http://127.0.0.1:3128',
  )
  expect(text).not.toContain('secret')
  await writeFile(file, text)
  const env = { PATH: process.env['PATH'], HOME: folder, GIT_CONFIG_SYSTEM: file }
  return (await run('git', ['ls-remote', '--get-url', address], { env, cwd: folder })).stdout.trim()
}

describe('the configuration of git in a sandbox', () => {
  test.each([
    ['https://github.com/o/r', 'http://127.0.0.1:3128/git/github.com/o/r'],
    ['https://github.com/o/r.git', 'http://127.0.0.1:3128/git/github.com/o/r.git'],
    ['git@github.com:o/r.git', 'http://127.0.0.1:3128/git/github.com/o/r.git'],
    ['ssh://git@github.com/o/r', 'http://127.0.0.1:3128/git/github.com/o/r'],
    ['http://git.test:81/a/b', 'http://127.0.0.1:3128/git/git.test:81/a/b'],
    ['https://github.com/o/s', 'https://github.com/o/s'],
  ])('leads %s to %s', async (address, there) => {
    expect(await resolve(address)).toBe(there)
  })

  test('lets an agent commit', async () => {
    await resolve('x')
    const env = { PATH: process.env['PATH'], HOME: folder, GIT_CONFIG_SYSTEM: join(folder, 'gitconfig') }
    await run('git', ['init', '-q', 'r'], { env, cwd: folder })
    await run('git', ['commit', '-q', '--allow-empty', '-m', 'x'], { env, cwd: join(folder, 'r') })
    const { stdout } = await run('git', ['log', '--format=%an <%ae>'], { env, cwd: join(folder, 'r') })
    expect(stdout.trim()).toBe('Agent <agent@localhost>')
  })
})
