// `npm test`: the static checks, then every test with coverage; it ends with vitest's own summary.
// `npm test -- <filter>` hands the filter to vitest and runs nothing else.
import { spawnSync } from 'node:child_process'
import { installNode } from './node.mjs'

const filter = process.argv.slice(2)
const isWhole = filter.length === 0

function isPassing(command, args) {
  return spawnSync(command, args, { stdio: 'inherit' }).status === 0
}

// The SDK's own tools and worker, which ours are compared with, want a newer Node than Longhand does.
const SDK_NODE = 24
if (isWhole && Number(process.versions.node.split('.')[0]) < SDK_NODE) {
  try {
    installNode(SDK_NODE)
  } catch (error) {
    console.error(`No Node ${SDK_NODE} for the SDK's tools and worker: ${error.message}`)
  }
}

// Tests run even after a failed check: one run tells all there is to mend.
const checked = !isWhole || isPassing(process.execPath, ['scripts/check.mjs', '--static'])
const tested = isPassing('node_modules/.bin/vitest', ['run', ...(isWhole ? ['--coverage'] : filter)])
if (!checked) console.error('The tests above are not all: a static check failed before them.')
process.exitCode = checked && tested ? 0 : 1
