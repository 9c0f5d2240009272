import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { cacheFolder } from '../../src/config.ts'
import type { DevState } from '../../src/dev/dev-state.ts'
import { temporaryFolder, untilGone } from '../support/programs.ts'

const LIMIT_MS = 600_000
const root = join(import.meta.dirname, '../..')
/** A folder in which nothing but the tarball was installed, outside of any checkout. */
let folder: string

interface Ended {
  readonly code: unknown
  readonly out: string
  readonly err: string
}

async function run(command: string, args: readonly string[], options: { cwd: string; env?: object }): Promise<Ended> {
  const { cwd, env } = options
  const child = spawn(command, args, { cwd, env: { ...(env ?? process.env) }, stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code, out, err }
}

async function runOrThrow(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, out, err } = await run(command, args, { cwd })
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${String(code)}: ${err}${out}`)
  return out
}

/** What a person has who never set up anything but the Temporal dev server. */
async function personEnvironment(): Promise<Record<string, string | undefined>> {
  return { PATH: process.env['PATH'], HOME: await temporaryFolder(), XDG_CACHE_HOME: dirname(cacheFolder(process.env)) }
}

const command = (): string => join(folder, 'node_modules/.bin/longhand')
async function longhand(...args: readonly string[]): Promise<Ended> {
  return run(command(), args, { cwd: folder, env: await personEnvironment() })
}

async function listFiles(of: string): Promise<readonly string[]> {
  const entries = await readdir(of, { recursive: true, withFileTypes: true })
  return entries.flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name).slice(of.length + 1)] : []))
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longhand-packed-'))
  await runOrThrow('npm', ['pack', '--pack-destination', folder], root)
  const [tarball = ''] = await readdir(folder)
  await writeFile(join(folder, 'package.json'), '{"private":true,"type":"module"}\n')
  await runOrThrow('npm', ['install', '--omit=dev', '--no-audit', '--no-fund', `./${tarball}`], folder)
}, LIMIT_MS)
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the package', { timeout: LIMIT_MS }, () => {
  test('holds what it needs, and nothing else', async () => {
    const files = await listFiles(join(folder, 'node_modules/longhand'))
    expect(new Set(files.map((file) => file.split('/')[0]))).toEqual(
      new Set(['LICENSE', 'README.md', 'bin', 'dist', 'docker', 'package.json', 'scripts', 'tools']),
    )
    expect(files).toEqual(
      expect.arrayContaining([
        'bin/longhand.mjs',
        'dist/hands/runner.sh',
        'dist/wire/schema.generated.json',
        'dist/workflows.bundle.js',
        'tools/temporal/go.sum',
      ]),
    )
    expect(files.filter((file) => /\.(map|test\.\w+)$|(?<!\.d)\.ts$/.test(file))).toEqual([])
  })

  test('tells nothing of the machine that made it', async () => {
    const home = join(folder, 'node_modules/longhand')
    const files = await listFiles(home)
    const contents = await Promise.all(files.map((file) => readFile(join(home, file), 'utf8')))
    const maps = contents.flatMap((content) =>
      [...content.matchAll(/base64,([\w+/=]+)/g)].map(([, map = '']) => Buffer.from(map, 'base64').toString('utf8')),
    )
    expect(maps).not.toEqual([])
    expect(
      [...contents, ...maps].filter((content) => [root, homedir()].some((path) => content.includes(`${path}/`))),
    ).toEqual([])
  })

  test('has declarations that a strict program compiles with', async () => {
    const program = `import { ToolError, emitEvent, execute, getEvents, getSession, provision } from 'longhand'
export const verbs = { ToolError, emitEvent, execute, getSession, provision }
export type Event = Awaited<ReturnType<typeof getEvents>>[number]
export const typeOf = (event: Event): 'user.message' | undefined => (event.type === 'user.message' ? event.type : undefined)
export const wrong: number = getSession
`
    await writeFile(join(folder, 'program.ts'), program)
    const compilerOptions = { strict: true, module: 'nodenext', target: 'es2023', noEmit: true, skipLibCheck: false }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }))
    const { out } = await run(join(root, 'node_modules/.bin/tsc'), ['-p', '.', '--pretty', 'false'], { cwd: folder })
    // Temporal's declarations lack those of a package of its own.
    const errors = out.split('\n').filter((line) => /^\S/.test(line) && !line.startsWith('node_modules/@temporalio/'))
    expect(errors).toEqual([expect.stringMatching(/^program\.ts\(5,14\): error TS2322: /)])
  })

  test('has a command that explains itself', async () => {
    const help = await longhand('--help')
    expect([help.code, help.err]).toEqual([0, ''])
    expect(help.out).toContain('Usage: longhand')
    expect(await longhand('setup', '--no-install')).toMatchObject({ code: 0, out: '' })
    const doctor = await longhand('doctor', '--port', '0', '--sandbox', 'local', '--json')
    expect([doctor.code, doctor.err]).toEqual([0, ''])
    expect(JSON.parse(doctor.out)).toContainEqual(expect.objectContaining({ name: 'Temporal', ok: true }))
  })

  test('plays the demo', async () => {
    const { code, out, err } = await longhand('demo', '--sandbox', 'local')
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^PASS {2}/m)
  })

  test('runs the server, whose workers load the packaged bundle', async () => {
    const data = await temporaryFolder()
    const args = ['dev', '--json', '--port', '0', '--sandbox', 'local', '--data', data]
    const child = spawn(command(), args, {
      cwd: folder,
      env: await personEnvironment(),
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const closed = once(child, 'close')
    onTestFinished(() => void child.kill('SIGKILL'))
    const [line] = await once(createInterface({ input: child.stdout }), 'line')
    // One line, whose shape `dev` documents.
    const state = JSON.parse(String(line)) as DevState
    const answer = await fetch(`${state.base_url}/v1/agents`, { headers: { 'x-api-key': state.api_key } })
    expect([answer.status, await answer.json()]).toMatchObject([200, { data: [] }])
    expect(await readFile(join(data, 'logs/worker.log'), 'utf8')).toContain('"from":"package"')
    child.kill('SIGINT')
    await closed
    await untilGone(Object.values(state.pids).filter((pid) => pid !== null))
  })

  test('says what to do where there is no Temporal and no way to it', async () => {
    const bin = await temporaryFolder()
    await writeFile(join(bin, 'node'), `#!/bin/sh\nexec ${process.execPath} "$@"\n`, { mode: 0o755 })
    const person = await personEnvironment()
    // No download either: nothing listens at that proxy.
    const env = {
      ...person,
      PATH: `${bin}:/bin`,
      XDG_CACHE_HOME: join(bin, 'cache'),
      HTTPS_PROXY: 'http://127.0.0.1:9',
    }
    const { code, out, err } = await run(command(), ['demo'], { cwd: folder, env })
    expect([code, out]).toEqual([5, ''])
    expect(err).toMatch(/✗ no dev server, no download, and no Go to build it\. Install the Temporal CLI .*\n$/)
  })
})
