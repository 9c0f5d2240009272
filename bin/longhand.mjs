#!/usr/bin/env node
// The command `longhand`: from source where that is (a checkout), else the built program (an installed package).
import { existsSync } from 'node:fs'

const source = new URL('../src/cli.ts', import.meta.url)
if (existsSync(source)) {
  const { register } = await import('tsx/esm/api')
  register()
  await import(source.href)
} else {
  const { prepareCommand } = await import('../scripts/setup/command.mjs')
  if (await prepareCommand(process.argv.slice(2), process.env))
    await import(new URL('../dist/cli.js', import.meta.url).href)
}
