import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withLock } from './lock.mjs'
import { which } from './run.mjs'

const answerMs = 2_000
const silenceMs = 24 * 60 * 60 * 1000
const recipeLabel = 'longhand.recipe'

// Of a base that is made here: whether its packages are only unpacked, or apt can install more.
const images = {
  sandbox: { folder: 'sandbox', name: 'DEFAULT_IMAGE', localBase: 'longhand-sandbox-base:1', variant: 'extract' },
  full: { folder: 'sandbox-full', name: 'FULL_IMAGE', localBase: 'longhand-sandbox-full-base:1', variant: 'apt' },
}

/**
 * Sees to an image of Docker sandboxes, `sandbox` or `full`: there already, or built on the base image that a registry
 * gives within 20 s, or on one made here from Debian packages. A registry that let the 20 s pass is not asked again for a
 * day. Answers `{ok, reason, isThere}`: whether Docker sandboxes are possible, why they are not, and whether there is a
 * daemon all the same.
 * @param image one of the two, or `full` with other packages under another name: `{name, packages}`.
 */
export async function prepareDocker({ root, cache, env, report, pullMs = 20_000, image = 'sandbox' }) {
  if (env.LONGHAND_SANDBOX === 'local') return { ok: false, reason: 'not asked for' }
  if (env.DOCKER_HOST === undefined && !existsSync('/var/run/docker.sock')) {
    return { ok: false, reason: 'no Docker daemon answers' }
  }
  const clients = await connect()
  if (clients === undefined) return { ok: false, reason: 'no Docker daemon answers' }
  const recipe = await readRecipe(root, image)
  const wanted = (image === 'sandbox' && env.LONGHAND_SANDBOX_IMAGE) || recipe.name
  const found = await look(clients, wanted, wanted === recipe.name ? recipe.hash : undefined)
  if (found.problem !== undefined) return { ok: false, isThere: true, reason: found.problem }
  if (found.isThere) {
    report.done('sandbox', `Docker, image ${wanted} ✓`)
    return { ok: true }
  }
  if (wanted !== recipe.name) return { ok: false, isThere: true, reason: `Docker has no image ${wanted}` }
  const onWait = () => report.start('sandbox', 'waiting for another setup that builds the image')
  return withLock({ cache, name: 'sandbox-image', onWait }, async () => {
    if ((await look(clients, wanted, recipe.hash)).isThere) return { ok: true }
    return buildImage({ clients, recipe, cache, env, report, pullMs })
  })
}

// `brief` gives up a connection on which nothing is heard; building and pulling take their time. Neither package is there
// before the first step of setup has run.
async function connect() {
  try {
    const { default: Docker } = await import('dockerode')
    const brief = new Docker({ connectionTimeout: answerMs, timeout: answerMs })
    await brief.ping()
    return { docker: new Docker(), brief }
  } catch {
    return undefined
  }
}

// The Dockerfile says on what the image is built and of what it is made; the source says its name.
async function readRecipe(root, image) {
  const own = typeof image === 'object' ? image : {}
  const { folder: name, variant, localBase, name: constant } = typeof image === 'object' ? images.full : images[image]
  const folder = join(root, 'docker', name)
  const script = join(root, 'docker', 'sandbox', 'base.sh')
  const [dockerfile, text] = await Promise.all(
    [join(folder, 'Dockerfile'), script].map((path) => readFile(path, 'utf8')),
  )
  const packages = own.packages ?? /^ARG PACKAGES="(.+)"$/m.exec(dockerfile)[1].split(' ')
  const hash = createHash('sha256').update(dockerfile).update(text)
  if (own.packages !== undefined) hash.update(own.packages.join(' '))
  return {
    folder,
    script,
    variant,
    packages,
    name: own.name ?? (await readImageName(root, constant)),
    localBase: own.name === undefined ? localBase : own.name.replace(/(?=:|$)/, '-base'),
    hash: hash.digest('hex').slice(0, 16),
    base: /^ARG BASE=(\S+)$/m.exec(dockerfile)[1],
    node: /^ARG NODE=(\S+)$/m.exec(dockerfile)?.[1],
  }
}

// From source in a checkout, from the build in a package.
async function readImageName(root, constant) {
  const source = join(root, 'src/hands/docker/image.ts')
  if (!existsSync(source)) return (await import(join(root, 'dist/hands/docker/image.js')))[constant]
  const { tsImport } = await import('tsx/esm/api')
  return (await tsImport(source, import.meta.url))[constant]
}

// Answers `isThere`, or `problem`: a daemon need not tell, as behind a proxy that lets few requests through. An image that
// somebody has built by hand has no recipe on it, and is what he wants.
async function look({ brief }, name, hash) {
  try {
    const { Config } = await brief.getImage(name).inspect()
    const built = Config?.Labels?.[recipeLabel]
    return { isThere: hash === undefined || built === undefined || built === hash }
  } catch (error) {
    if (error.statusCode === 404) return { isThere: false }
    return { problem: `Docker does not tell of the image ${name}: ${error.message.trim()}` }
  }
}

async function buildImage({ clients, recipe, cache, env, report, pullMs }) {
  const { docker } = clients
  const progress = report.progress('sandbox', () => `building the image ${recipe.name}`)
  const first = await buildOnPulled({ clients, recipe, cache, pullMs })
  const problem = first && (await buildOnPackages({ docker, recipe, env, first }))
  report.start('sandbox', `${problem === undefined ? '✓ ' : ''}${progress.end()}`)
  return problem === undefined ? { ok: true } : { ok: false, isThere: true, reason: problem }
}

// These three answer what kept them from it.
async function buildOnPulled({ clients, recipe, cache, pullMs }) {
  const unpulled = (await look(clients, recipe.base)).isThere
    ? undefined
    : await pull({ docker: clients.docker, name: recipe.base, cache, pullMs })
  if (unpulled !== undefined) return unpulled
  try {
    return await build(clients.docker, recipe, {})
  } catch (error) {
    return `the image ${recipe.name} was not built on ${recipe.base}: ${error.message.trim()}`
  }
}

async function pull({ docker, name, cache, pullMs }) {
  const silent = join(cache, 'silent-registry')
  const { mtimeMs } = await stat(silent).catch(() => ({ mtimeMs: 0 }))
  if (Date.now() - mtimeMs < silenceMs) return `the registry was silent within the last day (or remove ${silent})`
  const abortSignal = AbortSignal.timeout(pullMs)
  try {
    await follow(docker, await docker.pull(name, { abortSignal }), abortSignal)
    return undefined
  } catch (error) {
    if (abortSignal.aborted) await writeFile(silent, '')
    return `no registry gives ${name}: ${abortSignal.aborted ? `${pullMs / 1000} s have passed` : error.message.trim()}`
  }
}

async function buildOnPackages({ docker, recipe, env, first }) {
  if ((await which('mmdebstrap', env)) === undefined) {
    return `${first}; without mmdebstrap no base can be made here (apt-get install mmdebstrap)`
  }
  try {
    await importBase({ docker, recipe, env })
    // The base has everything: nothing is fetched.
    return await build(docker, recipe, { args: { BASE: recipe.localBase }, networkmode: 'none' })
  } catch (error) {
    return `the image ${recipe.name} was not built: ${error.message}`
  }
}

async function build(docker, { folder, name, hash, packages }, { args, ...options }) {
  const labels = { [recipeLabel]: hash }
  const buildargs = { PACKAGES: packages.join(' '), ...args }
  await follow(
    docker,
    await docker.buildImage({ context: folder, src: ['Dockerfile'] }, { t: name, labels, buildargs, ...options }),
  )
}

async function importBase({ docker, recipe, env }) {
  const [repo, tag] = recipe.localBase.split(':')
  const child = spawn('sh', [recipe.script, ...recipe.packages], {
    env: {
      ...env,
      VARIANT: recipe.variant,
      ...(recipe.packages.includes('npm') && recipe.node && { NODE: recipe.node }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (part) => (said = `${said}${part}`.slice(-500)))
  const ended = new Promise((resolve) => child.once('close', resolve))
  await follow(docker, await docker.importImage(child.stdout, { repo, tag }))
  if ((await ended) !== 0) throw new Error(`mmdebstrap failed: ${said.trim().split('\n').at(-1)}`)
}

function follow(docker, stream, abortSignal) {
  return new Promise((resolve, reject) => {
    abortSignal?.addEventListener('abort', () => reject(abortSignal.reason), { once: true })
    docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve()))
  })
}
