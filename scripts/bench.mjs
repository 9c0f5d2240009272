// Runs one benchmark by its name: npm run bench -- carrier [options]. Without a name it lists them.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'

const folder = new URL('../bench/', import.meta.url)
const [name = '', ...options] = process.argv.slice(2)
const file = new URL(`${name}.ts`, folder)
if (!/^[\w-]+$/.test(name) || !existsSync(file)) {
  const names = readdirSync(folder).flatMap((entry) => /^(.+)\.ts$/.exec(entry)?.[1] ?? [])
  console.error(`expected the name of a benchmark: ${names.join(', ')}`)
  process.exit(2)
}
const { status } = spawnSync(process.execPath, ['--import', 'tsx', file.pathname, ...options], { stdio: 'inherit' })
process.exit(status ?? 1)
