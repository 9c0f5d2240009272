// `npm run test:long -- <suite>`: one soak or kill table, run by hand. Without a suite it lists them.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'

const FOLDER = 'test/long'
const ENDING = '.long.test.ts'

const suites = (existsSync(FOLDER) ? readdirSync(FOLDER) : [])
  .filter((file) => file.endsWith(ENDING))
  .map((file) => file.slice(0, -ENDING.length))
const [suite, ...rest] = process.argv.slice(2)

if (suites.includes(suite)) {
  const args = ['run', '--config', 'vitest.long.config.ts', `${FOLDER}/${suite}${ENDING}`, ...rest]
  process.exitCode = spawnSync('node_modules/.bin/vitest', args, { stdio: 'inherit' }).status ?? 1
} else {
  console.error(suite ? `There is no long suite "${suite}".` : 'Usage: npm run test:long -- <suite>')
  console.error(`Suites: ${suites.join(', ') || `none yet (${FOLDER}/<suite>${ENDING})`}`)
  process.exitCode = 2
}
