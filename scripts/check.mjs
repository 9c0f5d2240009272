// `npm run check`: format, lint, types, dead code, unit tests. `--static` leaves the tests out.
// Every step is run, so that one answer names everything that is wrong; the output of a step is shown when it fails.
import { spawnSync } from 'node:child_process'

const steps = [
  { name: 'format', command: ['oxfmt', '--check'], remedy: 'npm run format' },
  { name: 'lint', command: ['oxlint'] },
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'dead code', command: ['knip', '--no-progress'] },
]

function run([tool, ...args], stdio) {
  return spawnSync(`node_modules/.bin/${tool}`, args, { stdio, encoding: 'utf8', maxBuffer: 1 << 26 })
}

function isPassing({ name, command, remedy }) {
  const start = performance.now()
  const { status, stdout, stderr, error } = run(command, 'pipe')
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(`${status === 0 ? '✓' : '✗'} ${name.padEnd(9)} ${seconds} s`)
  if (status !== 0)
    console.log([error?.message, stdout, stderr, remedy && `Mend it with: ${remedy}`].filter(Boolean).join('\n'))
  return status === 0
}

const failed = steps.filter((step) => !isPassing(step)).map(({ name }) => name)
if (!process.argv.includes('--static')) {
  const { status } = run(['vitest', 'run', '--project', 'unit'], 'inherit')
  if (status !== 0) failed.push('unit tests')
}
if (failed.length > 0) console.error(`check: ${failed.join(', ')} failed`)
process.exitCode = failed.length > 0 ? 1 : 0
