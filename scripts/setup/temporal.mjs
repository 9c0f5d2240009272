import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isOlder } from './node.mjs'
import { withLock } from './lock.mjs'
import { SetupError } from './report.mjs'
import { isExecutable, run, which } from './run.mjs'

const oldestServer = '1.29.0'
const oldestGo = '1.21.0'
const downloadTimeoutMs = 60_000
const mainPackage = 'github.com/temporalio/cli/cmd/temporal'
const versionVariable = 'github.com/temporalio/cli/internal/temporalcli.Version'

/**
 * Finds the Temporal dev server, or downloads or builds it, and writes where it is to `temporal.json` in the cache
 * folder (`{path, server, source}`), which `dev` and the tests read.
 */
export async function prepareTemporal(context) {
  const { cache, env, report } = context
  if (env.TEMPORAL_ADDRESS || env.TEMPORAL_PROFILE) {
    report.done('Temporal', `${env.TEMPORAL_ADDRESS ?? `profile ${env.TEMPORAL_PROFILE}`}, by the environment ✓`)
    return 'Temporal ✓'
  }
  await mkdir(cache, { recursive: true })
  const found = (await findOnPath(context)) ?? (await findInCache(context))
  if (found !== undefined) {
    await remember(cache, found)
    report.done('Temporal', `${found.path} (server ${found.server}) ✓`)
    return 'Temporal ✓'
  }
  const onWait = () => report.start('Temporal', 'waiting for another setup that is getting it')
  await withLock({ cache, name: 'temporal', onWait }, async () => {
    const made = (await findInCache(context)) ?? (await download(context)) ?? (await build(context))
    await remember(cache, made)
  })
  return 'Temporal ✓'
}

async function findOnPath({ env, report }) {
  const path = await which('temporal', env)
  if (path === undefined) return undefined
  const server = await readServerVersion(path)
  if (server !== undefined && !isOlder(server, oldestServer)) return { path, server, source: 'path' }
  report.start('Temporal', `${path} passed over: its server is ${server ?? 'unknown'}, ${oldestServer} is needed`)
  return undefined
}

async function findInCache({ root, cache }) {
  const remembered = await readRemembered(cache)
  const built = { path: join(cache, `temporal-${await readPinnedVersion(root)}`), source: 'build' }
  for (const candidate of [built, remembered]) {
    if (candidate === undefined || candidate.source === 'path' || !(await isExecutable(candidate.path))) continue
    const server = await readServerVersion(candidate.path)
    if (server !== undefined) return { path: candidate.path, server, source: candidate.source }
  }
  return undefined
}

// The SDK's own download knows the right archive for the platform; it only comes with starting a server.
async function download({ root, cache, env, report }) {
  const folder = join(cache, 'download')
  await mkdir(folder, { recursive: true })
  const progress = report.progress('Temporal', () => 'downloading the official server')
  const script = `
    import { createRequire } from 'node:module'
    const { TestWorkflowEnvironment } = createRequire(process.cwd() + '/package.json')('@temporalio/testing')
    const executable = { type: 'cached-download', downloadDir: ${JSON.stringify(folder)} }
    const environment = await TestWorkflowEnvironment.createLocal({ server: { executable } })
    await environment.teardown()
    process.exit(0)`
  const args = ['--input-type=module', '--eval', script]
  const { code } = await run(process.execPath, args, { cwd: root, env, timeoutMs: downloadTimeoutMs })
  const last = progress.end()
  if (code !== 0) {
    report.start('Temporal', 'the official download does not answer here')
    return undefined
  }
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const server = (await isExecutable(path)) ? await readServerVersion(path) : undefined
    if (server !== undefined) {
      report.start('Temporal', `✓ ${last}`)
      return { path, server, source: 'download' }
    }
  }
  return undefined
}

async function build({ root, cache, env, report }) {
  await requireGo(env)
  const version = await readPinnedVersion(root)
  const path = join(cache, `temporal-${version}`)
  const temporary = `${path}.${process.pid}.new`
  report.start('Temporal', `building CLI ${version} from Go modules: 5 to 10 minutes on two cores, once`)
  let modules = 0
  let packages = 0
  const progress = report.progress(
    'Temporal',
    () => `building, ${modules} modules fetched, ${packages} packages compiled`,
  )
  const flags = ['build', '-v', '-mod=readonly', '-ldflags', `-s -w -X ${versionVariable}=${version}`]
  const { code, output } = await run('go', [...flags, '-o', temporary, mainPackage], {
    cwd: join(root, 'tools', 'temporal'),
    // Without cgo the build needs no C compiler and the binary runs on any libc.
    env: { ...env, CGO_ENABLED: '0', GOWORK: 'off' },
    onLine(line) {
      if (line.startsWith('go: downloading')) modules += 1
      else packages += 1
    },
  })
  const last = progress.end()
  if (code !== 0) {
    await rm(temporary, { force: true })
    const reason = output.split('\n').at(-1)
    throw new SetupError('Temporal', `the build failed: ${reason}`, 'Check the network and GOPROXY, then start again.')
  }
  await rename(temporary, path)
  report.start('Temporal', `✓ ${last}`)
  return { path, server: await readServerVersion(path), source: 'build' }
}

async function requireGo(env) {
  const path = await which('go', env)
  const version = path && /go version go(\d+\.\d+(?:\.\d+)?)/.exec((await run('go', ['version'], { env })).output)?.[1]
  if (version && !isOlder(version, oldestGo)) return
  throw new SetupError(
    'Temporal',
    `no dev server, no download, and ${version ? `Go ${version} is too old` : 'no Go'} to build it`,
    `Install the Temporal CLI (https://docs.temporal.io/cli) or Go ${oldestGo} or newer, or set TEMPORAL_ADDRESS.`,
  )
}

async function readServerVersion(path) {
  const { output } = await run(path, ['--version'], { timeoutMs: 30_000 })
  return /Server (\d+\.\d+\.\d+)/.exec(output)?.[1]
}

async function readPinnedVersion(root) {
  const module = await readFile(join(root, 'tools', 'temporal', 'go.mod'), 'utf8')
  return /^require github\.com\/temporalio\/cli v(\S+)$/m.exec(module)[1]
}

async function readRemembered(cache) {
  try {
    return JSON.parse(await readFile(join(cache, 'temporal.json'), 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

async function remember(cache, { path, server, source }) {
  const content = `${JSON.stringify({ path, server, source })}\n`
  const file = join(cache, 'temporal.json')
  if ((await readFile(file, 'utf8').catch(() => '')) === content) return
  await writeFile(`${file}.${process.pid}.new`, content)
  await rename(`${file}.${process.pid}.new`, file)
}
