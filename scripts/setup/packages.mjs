import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withLock } from './lock.mjs'
import { SetupError } from './report.mjs'
import { run } from './run.mjs'

/**
 * `npm ci`, unless the stamp in `node_modules` says that it has run on this very lockfile. An installed package has no
 * lockfile, and all its packages.
 */
export async function installPackages({ root, cache, env, report }) {
  if (!existsSync(join(root, 'package-lock.json'))) return 'packages ✓'
  const lockfile = await readFile(join(root, 'package-lock.json'))
  const wanted = hash(lockfile)
  const stamp = join(root, 'node_modules', '.longhand-lockfile')
  if (await hasStamp(stamp, wanted)) {
    report.done('packages', '✓')
    return 'packages ✓'
  }
  const lock = {
    cache,
    name: `packages-${hash(root).slice(0, 16)}`,
    onWait: () => report.start('packages', 'waiting for another setup of this checkout'),
  }
  await withLock(lock, async () => {
    if (await hasStamp(stamp, wanted)) return
    await install({ root, env, report })
    // npm ci empties node_modules, so the stamp stands for everything that came after it.
    await writeFile(`${stamp}.new`, wanted)
    await rename(`${stamp}.new`, stamp)
  })
  return 'packages ✓'
}

async function install({ root, env, report }) {
  report.start('packages', 'npm ci (a minute or so)')
  const progress = report.progress('packages', () => 'npm ci is running')
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']
  const { code, output } = await run('npm', args, { cwd: root, env })
  const last = progress.end()
  if (code !== 0) {
    throw new SetupError(
      'packages',
      `npm ci failed: ${output.split('\n').slice(-5).join(' | ') || 'it was killed'}`,
      'Check the network and the registry npm is configured for, then start again.',
    )
  }
  report.start('packages', `✓ ${last}`)
}

async function hasStamp(stamp, wanted) {
  try {
    return (await readFile(stamp, 'utf8')) === wanted
  } catch (error) {
    if (error.code === 'ENOENT') return false
    throw error
  }
}

function hash(content) {
  return createHash('sha256').update(content).digest('hex')
}
