import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * Another Node out of the npm registry, in the cache folder: in this checkout all scripts would run on it.
 * The package `node` only gets the platform's own package, in an install script: that one is taken directly. Answers
 * the program's path.
 */
export function installNode(major) {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'longhand')
  const folder = join(cache, `node-${major}`)
  const name = `node-${process.platform}-${process.arch}`
  const program = join(folder, 'node_modules', name, 'bin', 'node')
  if (isNode(program, major)) return program
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"private":true}\n')
  const args = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${major}`]
  const installed = spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  if (installed.status !== 0) throw new Error(`npm install ${name}@${major} ended with ${installed.status}`)
  if (!isNode(program, major)) throw new Error(`expected Node ${major} at ${program}`)
  return program
}

function isNode(program, major) {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' })
  return stdout !== null && stdout.startsWith(`v${major}.`)
}
