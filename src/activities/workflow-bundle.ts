import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DefaultLogger, bundleWorkflowCode } from '@temporalio/worker'

/** The workflows as one file, which workers load instead of bundling them anew: that takes a second or more. */
export interface WorkflowBundle {
  readonly file: string
  /** Shipped with a build, found in the cache folder, or made just now. */
  readonly from: 'package' | 'cache' | 'source'
}

const self = fileURLToPath(import.meta.url)
/** `src` in a checkout, `dist` in a package: this program's own folder. */
const OWN_FOLDER = dirname(dirname(self))
/** All that may go in, as oxlint has it; `bundleWorkflows` refuses a bundle with anything else of ours. */
const ROOMS = ['workflows', 'session', 'wire']
const PACKAGES = ['@temporalio/worker', '@temporalio/workflow', '@temporalio/common']
const PACKAGED = 'workflows.bundle.js'
/** A checkout's older states and its branches; the oldest go first. */
const KEPT = 8
const KEPT_MS = 24 * 60 * 60 * 1000

/**
 * The bundle of exactly the workflows in `folder`: the packaged one, else one from the folder `cache`, else a new one,
 * which is left there. A file whose key or content is not the expected one counts as missing. Processes that do this
 * at once do not harm each other.
 */
export async function prepareWorkflowBundle(cache: string, folder = OWN_FOLDER): Promise<WorkflowBundle> {
  const key = await readKey(folder)
  const packaged = join(folder, PACKAGED)
  if (await isSealed(packaged, key)) return { file: packaged, from: 'package' }
  const cached = join(cache, 'workflows', `${key}.js`)
  if (await isSealed(cached, key)) return { file: cached, from: 'cache' }
  const made = await make(folder)
  const file = join(cache, 'workflows', `${made.key}.js`)
  await write(file, made.content)
  await prune(dirname(file))
  return { file, from: 'source' }
}

/** The last step of a build: puts the bundle beside the emitted code. Answers its path. */
export async function packageWorkflowBundle(folder = OWN_FOLDER): Promise<string> {
  const file = join(folder, PACKAGED)
  await write(file, (await make(folder)).content)
  return file
}

/** Again when a file was changed meanwhile: nobody could tell on which side of the change the bundle is. */
async function make(folder: string): Promise<{ readonly key: string; readonly content: string }> {
  const key = await readKey(folder)
  const code = await bundleWorkflows(folder)
  return (await readKey(folder)) === key ? { key, content: seal(key, code) } : make(folder)
}

/**
 * Bundles `folder`'s workflows. The code says nothing of where the folder is: two checkouts of one state make the same.
 * Rejects when the bundler complains, and when something of ours from outside of the rooms went in.
 */
export async function bundleWorkflows(folder = OWN_FOLDER): Promise<string> {
  const root = dirname(folder)
  const complaints: string[] = []
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(folder, 'workflows', `index${extname(self)}`),
    logger: new DefaultLogger('WARN', ({ message }) => void complaints.push(message)),
    webpackConfigHook: (config) => ({
      ...config,
      context: root,
      // The worker wants a source map for its stack traces; it needs the names in it, not the texts.
      devtool: 'inline-nosources-source-map',
      output: { ...config.output, devtoolModuleFilenameTemplate: toName },
    }),
  })
  function toName({ absoluteResourcePath: path }: { readonly absoluteResourcePath: string }): string {
    return path.replaceAll(`${root}/`, '')
  }
  if (complaints.length > 0) throw new Error(`the bundler complains: ${complaints.join('; ')}`)
  const foreign = modulesOf(code).filter((name) => !isAllowed(name, basename(folder)))
  if (foreign.length > 0) throw new Error(`expected workflows without ${foreign.join(', ')}`)
  return code
}

/** Names of the modules in a bundle, as paths from the folder of the package. */
export function modulesOf(code: string): readonly string[] {
  return [...code.matchAll(/^\/\*{3}\/ "([^"]+)"/gm)].map(([, name = '']) => name)
}

function isAllowed(module: string, folder: string): boolean {
  return !module.startsWith(`./${folder}/`) || ROOMS.some((room) => module.startsWith(`./${folder}/${room}/`))
}

/** A hash of all that a bundle depends on: the rooms' files, the packages' versions, and this file with its options. */
async function readKey(folder: string): Promise<string> {
  const require = createRequire(import.meta.url)
  const files = (await Promise.all(ROOMS.map((room) => listSources(folder, room)))).flat().toSorted()
  const manifests = PACKAGES.map((name) => require.resolve(`${name}/package.json`))
  const hash = createHash('sha256')
  for (const [name, file] of [
    ...files.map((path) => [path, join(folder, path)] as const),
    ...manifests.map((path, index) => [PACKAGES[index] ?? '', path] as const),
    ['this file', self] as const,
  ]) {
    const content = await readFile(file)
    hash.update(`${name}\n${content.length}\n`).update(content)
  }
  return hash.digest('hex')
}

async function listSources(folder: string, room: string): Promise<readonly string[]> {
  const names = await readdir(join(folder, room), { recursive: true })
  return names
    .filter((name) => name.endsWith(extname(self)) && !name.endsWith('.d.ts'))
    .map((name) => `${room}/${name}`)
}

// On the code's first line, so that the source map's lines stay right.
function seal(key: string, code: string): string {
  return `/* longhand workflows ${key} ${digest(code)} */${code}`
}

async function isSealed(file: string, key: string): Promise<boolean> {
  const content = await readFile(file, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  })
  const end = content.indexOf('*/') + 2
  const code = content.slice(end)
  return content === seal(key, code)
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Whole or not at all, whoever else writes it. */
async function write(file: string, content: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const draft = `${file}.${randomUUID()}`
  await writeFile(draft, content)
  await rename(draft, file)
}

async function prune(folder: string): Promise<void> {
  const files = (await readdir(folder)).map((name) => join(folder, name))
  const aged = await Promise.all(files.map(async (file) => ({ file, ms: await ageOf(file) })))
  const old = aged.toSorted((a, b) => b.ms - a.ms).slice(KEPT)
  // Another version of the program may be about to read one that it has just made.
  for (const { file, ms } of old) if (ms < Date.now() - KEPT_MS) await rm(file, { force: true })
}

// Another process may have removed it meanwhile.
async function ageOf(file: string): Promise<number> {
  return (await stat(file).catch(() => null))?.mtimeMs ?? 0
}
