import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder, untilGone } from '../support/programs.ts'

const script = join(import.meta.dirname, '../../.ci/run')

/** The script, sourced or run, with fake programs in front of the machine's own; nothing is installed. */
async function start(args: readonly string[], programs: Readonly<Record<string, string>>) {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'bin'))
  for (const [name, body] of Object.entries({ 'apt-get': 'exit 0', go: 'exit 0', ...programs })) {
    await writeFile(join(folder, 'bin', name), `#!/bin/sh\n[ "$1" != --version ] || exit 0\n${body}\n`)
    await chmod(join(folder, 'bin', name), 0o755)
  }
  const env = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env['PATH']}`, FOLDER: folder }
  const child = spawn('bash', args, {
    env: { ...env, DOCKER_HOST: 'unix:///dev/null' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (said += String(part)))
  const ended = once(child, 'close').then(([code]) => ({ code: code as unknown, said }))
  return { folder, child, ended }
}

async function untilWritten(path: string): Promise<string> {
  await expect.poll(() => readFile(path, 'utf8').catch(() => '')).toMatch(/\n$/)
  return readFile(path, 'utf8')
}

describe('the script of CI', () => {
  test.each([0, 3])('ends with the last word and exit code %i of the tests', async (code) => {
    const { ended } = await start([script], { npm: `echo "Tests ended with ${code}"; exit ${code}` })
    const { code: found, said } = await ended
    expect(found).toBe(code)
    expect(said.trimEnd().split('\n').at(-1)).toBe(`Tests ended with ${code}`)
  })

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('takes the tests and all that they have started with it on %s', async (signal, code) => {
    const npm = 'sh -c "trap : TERM; sleep 300 & echo \\$\\$ \\$! > $FOLDER/pids; wait; wait" & wait'
    const { folder, child, ended } = await start([script], { npm })
    const pids = (await untilWritten(join(folder, 'pids'))).trim().split(' ').map(Number)
    child.kill(signal)
    expect((await ended).code).toBe(code)
    await untilGone(pids)
  })

  const waiting = `source ${script}; SECONDS=0; docker_comes_up && echo up || echo "none $?"`
  const answers = (after: number) => `docker_answers() { n=$((\${n:-0} + 1)); [ "$n" -gt ${after} ]; }`

  test('waits for a daemon that has not begun to answer, and starts one only where there is none', async () => {
    const late = await start(['-c', waiting.replace('SECONDS=0', answers(3))], { pgrep: 'exit 0', sleep: 'exit 0' })
    expect((await late.ended).said).toBe('up\n')
    const none = await start(['-c', waiting.replace('SECONDS=0', answers(3))], { pgrep: 'exit 1' })
    expect((await none.ended).said).toBe('none 1\n')
  })

  test('starts no second daemon beside one that never answers', async () => {
    const never = 'docker_answers() { SECONDS=31; return 1; }'
    const { ended } = await start(['-c', waiting.replace('SECONDS=0', never)], { pgrep: 'exit 0', sleep: 'exit 0' })
    expect(await ended).toEqual({ code: 5, said: expect.stringContaining('say where it does in DOCKER_HOST') })
  })
})
