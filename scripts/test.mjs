// `npm test`: the static checks, then every test with coverage; it ends with vitest's own summary.
// `npm test -- <filter>` hands the filter to vitest and runs nothing else.
import { spawnSync } from 'node:child_process'

const filter = process.argv.slice(2)
const isWhole = filter.length === 0

function isPassing(command, args) {
  return spawnSync(command, args, { stdio: 'inherit' }).status === 0
}

// Tests run even after a failed check: one run tells all there is to mend.
const checked = !isWhole || isPassing(process.execPath, ['scripts/check.mjs', '--static'])
const tested = isPassing('node_modules/.bin/vitest', ['run', ...(isWhole ? ['--coverage'] : filter)])
if (!checked) console.error('The tests above are not all: a static check failed before them.')
process.exitCode = checked && tested ? 0 : 1
