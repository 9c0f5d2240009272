/**
 * `longhand dev --json` with programs of the test instead of the real ones: folder, port, and what is to fail are its
 * arguments.
 */
import { join } from 'node:path'
import { cacheFolder, readConfig } from '../../src/config.ts'
import { runDev } from '../../src/dev/run-dev.ts'

const [, , data, port, style = 'json'] = process.argv
const program = { command: process.execPath, args: [join(import.meta.dirname, 'served-program.mjs')] }
process.exitCode = await runDev({
  config: readConfig({ data, port }, process.env),
  env: process.env,
  cache: cacheFolder(process.env),
  api: program,
  worker: program,
  demoModel: program,
  json: style === 'json',
  print: (line) => process.stdout.write(`${line}\n`),
  warn: (line) => process.stderr.write(`${line}\n`),
})
