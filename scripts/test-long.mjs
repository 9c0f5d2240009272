// `npm run test:long -- <suite>`: one soak, kill table or run of the whole suite under other conditions, run by hand.
// Without a suite it lists them.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { delimiter, dirname } from 'node:path'
import { installNode } from './node.mjs'

const FOLDER = 'test/long'
const ENDING = '.long.test.ts'

/** What besides the suite's own file is run, and with which Node and environment all of it is. */
const whole = {
  // What is kept plain: the demo and the examples, whose own servers have no key because what they show is plain.
  codec: () => ({
    env: { TEST_CODEC_KEY: randomBytes(32).toString('base64') },
    args: ['--project', 'integration'],
  }),
  node24: () => {
    const node = installNode(24)
    return { node, env: { PATH: `${dirname(node)}${delimiter}${process.env.PATH}` }, args: [] }
  },
}

const files = (existsSync(FOLDER) ? readdirSync(FOLDER) : [])
  .filter((file) => file.endsWith(ENDING))
  .map((file) => file.slice(0, -ENDING.length))
const suites = [...new Set([...files, ...Object.keys(whole)])]
const [suite, ...rest] = process.argv.slice(2)

function isPassing(args, { node = process.execPath, env = {} } = {}) {
  const command = ['node_modules/vitest/vitest.mjs', 'run', ...args, ...rest]
  return spawnSync(node, command, { stdio: 'inherit', env: { ...process.env, ...env } }).status === 0
}

if (suites.includes(suite)) {
  const conditions = whole[suite]?.()
  const own =
    !files.includes(suite) ||
    isPassing(['--config', 'vitest.long.config.ts', `${FOLDER}/${suite}${ENDING}`], conditions)
  const all = !conditions || isPassing(conditions.args, conditions)
  process.exitCode = own && all ? 0 : 1
} else {
  console.error(suite ? `There is no long suite "${suite}".` : 'Usage: npm run test:long -- <suite>')
  console.error(`Suites: ${suites.join(', ')}`)
  process.exitCode = 2
}
