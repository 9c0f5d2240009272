import { spawn } from 'node:child_process'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import Docker from 'dockerode'
import { describe, expect, onTestFinished, test } from 'vitest'
import { identifyProcess } from '../../src/dev/process-identity.ts'
import { defaultLimits, labels } from '../../src/hands/docker/container-spec.ts'
import { createDockerProvider } from '../../src/hands/docker/docker.ts'
import { createEngine } from '../../src/hands/docker/dockerode.ts'
import { DEFAULT_IMAGE } from '../../src/hands/docker/image.ts'
import { builderSpec } from '../../src/hands/docker/builder-spec.ts'
import { createLocalProvider } from '../../src/hands/local.ts'
import { hasDocker } from './docker.ts'
import { endRun, findLeftovers } from './end-run.ts'
import { newInstallation } from './installation.ts'
import { watchDaemon } from './made-containers.ts'
import { temporaryFolder, untilGone } from './programs.ts'
import type { TestRun } from './test-run.ts'
import { createRun, findDeadRuns } from './test-run.ts'

const NO_PATIENCE = 0
/** Until the daemon has told; the test's own time-out is the limit. */
const SOON = { timeout: 60_000 }
/** Nothing of it names a run. */
const { PATH } = process.env

/** A process that waits, ended with the test at the latest. */
function startProcess(options: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string }, ...args: string[]): number {
  const child = spawn('sleep', ['600', ...args], { cwd: '/', env: { PATH }, stdio: 'ignore', ...options })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child.pid ?? 0
}

const kinds = async (run: TestRun) => (await findLeftovers(run)).map(({ kind }) => kind)

/** What an ending run complains of. */
async function complaint(run: TestRun): Promise<string> {
  return endRun(run, NO_PATIENCE).then(
    () => 'none',
    (error: unknown) => String(error),
  )
}

describe('the end of a run', () => {
  test('is silent where nothing is left, and takes the folder along', async () => {
    const parent = await temporaryFolder()
    const run = createRun(parent)
    await mkdir(join(run.folder, 'tsx-0'))
    expect(await complaint(run)).toBe('none')
    expect(await readdir(parent)).toEqual([])
  })

  test('names folders and clears them away', async () => {
    const parent = await temporaryFolder()
    const run = createRun(parent)
    await mkdir(join(run.folder, 'longhand-x', 'inside'), { recursive: true })
    expect(await complaint(run)).toContain('folder longhand-x (inside)\nIt was cleared away now.')
    expect(await readdir(parent)).toEqual([])
  })

  test('names processes by their environment, their folder and their arguments, and ends them', async () => {
    const parent = await temporaryFolder()
    const [run, other] = [createRun(parent), createRun(parent)]
    const left = [
      startProcess({ env: { PATH, TMPDIR: run.folder } }),
      startProcess({ cwd: run.folder }),
      spawn('sh', ['-c', 'while :; do sleep 600; done', run.folder], { env: { PATH }, stdio: 'ignore' }).pid ?? 0,
    ]
    const foreign = [startProcess({}), startProcess({ env: { PATH, TMPDIR: other.folder } })]
    const said = await complaint(run)
    for (const pid of left) expect(said).toContain(`process ${pid}: `)
    for (const pid of foreign) expect(said).not.toContain(`process ${pid}: `)
    await untilGone(left)
    expect(foreign.every((pid) => identifyProcess(pid))).toBe(true)
  })

  test('names the processes of a local sandbox', async () => {
    const run = createRun(await temporaryFolder())
    const provider = createLocalProvider({ folder: join(run.folder, 'sandboxes') })
    const row = await provider.provision({ sessionId: `sesn_left${process.pid}`, generation: 1 })
    expect(await complaint(run)).toMatch(/process \d+: .*bwrap[^]*folder sandboxes/)
    expect(await provider.attach(row)).toBeNull()
    expect(await provider.list()).toEqual([])
  })

  test('comes for a run whose process was killed, before another', async () => {
    const parent = await temporaryFolder()
    const program = `import { createRun } from '${join(import.meta.dirname, 'test-run.ts')}'
      createRun(${JSON.stringify(parent)})
      process.kill(process.pid, 'SIGKILL')`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program])
    await new Promise((resolve) => child.once('exit', resolve))
    createRun(parent)
    expect(await readdir(parent)).toHaveLength(2)
    const dead = findDeadRuns(parent)
    expect(dead).toHaveLength(1)
    for (const run of dead) expect(await complaint(run)).toBe('none')
    expect(await readdir(parent)).toHaveLength(1)
  })
})

describe.runIf(await hasDocker())('the end of a run, with Docker', () => {
  const docker = new Docker()
  const engine = createEngine()
  const key = { sessionId: `sesn_left${process.pid}`, generation: 1 }
  const providerOf = (installation: string) =>
    createDockerProvider({ engine, image: DEFAULT_IMAGE, installation, limits: defaultLimits })

  test('names containers and volumes of its installations, and leaves those of others alone', async () => {
    const run = createRun(await temporaryFolder())
    const stranger = providerOf(newInstallation('stranger'))
    const theirs = await stranger.provision(key)
    onTestFinished(() => stranger.destroy(theirs))
    const own = providerOf(`${run.id}own`)
    const container = await own.provision(key)
    const volumes = await own.provision({ ...key, generation: 2 })
    await docker.getContainer(volumes.reference).remove({ force: true })

    const found = await findLeftovers(run)
    expect(found.map(({ kind }) => kind)).toEqual(['container', 'volume', 'volume', 'volume', 'volume'])
    expect(found[0]?.what).toContain(`longhand-${run.id}own-`)
    await complaint(run)
    expect(await kinds(run)).toEqual([])
    expect([await own.list(), await own.attach(container)]).toEqual([[], null])
    expect(await stranger.attach(theirs)).not.toBeNull()
  })

  test('knows by its door what names itself, with its volumes and images, also when the container is gone', async () => {
    const run = createRun(await temporaryFolder())
    using _ = await watchDaemon(run)
    const folder = join(run.folder, 'door')
    await mkdir(folder)
    const installation = newInstallation('named')
    const spec = builderSpec({
      image: DEFAULT_IMAGE,
      installation,
      limits: defaultLimits,
      door: { name: 'build.x', folder, source: folder },
    })
    const made = await docker.createContainer({ ...spec, Volumes: { '/kept': {} } })
    await expect.poll(() => kinds(run), SOON).toContain('volume')
    const [repo, tag] = ['longhand-left', installation.toLowerCase()]
    await made.commit({ repo, tag })
    await expect.poll(() => kinds(run), SOON).toEqual(['container', 'volume', 'image', 'folder'])
    await made.remove({ force: true })
    // Another run has found the image.
    const user = await docker.createContainer({
      Image: `${repo}:${tag}`,
      Labels: { [labels.installation]: newInstallation('user') },
    })
    expect(await kinds(run)).toEqual(['volume', 'folder'])
    await user.remove({ v: true })
    expect(await kinds(run)).toEqual(['volume', 'image', 'folder'])
    expect(await complaint(run)).toContain(`image ${repo}:${tag} (sha256:`)
    expect(await engine.image(`${repo}:${tag}`)).toBeNull()
  })
})
