import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { hasDocker } from '../support/docker.ts'
import { temporaryFolder } from '../support/programs.ts'

const root = join(import.meta.dirname, '../..')
const kinds = [['local', 'bubblewrap'] as const, ...((await hasDocker()) ? [['docker', 'docker'] as const] : [])]

test.each(kinds)(
  'the demo passes without a terminal and leaves nothing behind, in %s sandboxes',
  async (kind, told) => {
    const folder = await temporaryFolder()
    const { PATH, HOME, XDG_CACHE_HOME, TEMPORAL_ADDRESS, DOCKER_HOST } = process.env
    const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'src/cli.ts'), 'demo', '--sandbox', kind], {
      cwd: root,
      env: { PATH, HOME, XDG_CACHE_HOME, TEMPORAL_ADDRESS, DOCKER_HOST, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended = once(child, 'close')
    onTestFinished(async () => {
      if (child.kill('SIGINT')) await ended
    })
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended])
    console.log(out)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const [last, verdict] = out.trimEnd().split('\n').toReversed()
    expect(last).toBe('Look around: npm run demo -- --keep      Use it: npm start')
    expect(verdict).toMatch(
      /^PASS {2}(\d+) events in the API = \1 in Temporal's history, 0 lost, 0 doubled · \d+\.\d s, of which \d+\.\d s your command$/,
    )
    expect(out).toContain(`· sandbox: ${told}\n`)
    expect(out).toMatch(/exit 0 · attempt [2-9] joined attempt 1 · ledger\.txt: 1 line\n/)
    expect(out).toMatch(/ first word after \d+ ms/)
    expect(out).toMatch(/^ {2}ledger\.txt +1 line +2 lines$/m)
    expect(out).toMatch(/^ {2}model calls +6 +11$/m)
    expect(out).toMatch(/^ {2}the message meanwhile +answered +lost: nobody was there$/m)
    expect(out).toMatch(
      /^ {4}the token: [1-9]\d* times at its git server, 0 in Temporal's history, 0 in the session's events$/m,
    )
    expect(out).toMatch(/^ {4}\[This is a new sandbox \(generation 2\); the one before it was lost\.$/m)
    expect(out).toMatch(/^ {4}Restored: \/workspace as it was at .* \(5 entries, /m)
    expect(out).toMatch(/^agent {3}All 6 tests pass again; still shipped once\.$/m)
    expect((await readdir(folder)).filter((name) => name.startsWith('longhand-demo-'))).toEqual([])
  },
  240_000,
)
