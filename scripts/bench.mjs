// Benchmarks: npm run bench -- <name>|all|docs [--quick]. Without a name it lists them.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const command = fileURLToPath(new URL('../bench/support/command.ts', import.meta.url))
const { status } = spawnSync(process.execPath, ['--import', 'tsx', command, ...process.argv.slice(2)], {
  stdio: 'inherit',
})
process.exit(status ?? 1)
