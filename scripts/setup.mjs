#!/usr/bin/env node
/**
 * Makes a fresh checkout ready to run: packages, Temporal dev server, Postgres, sandbox. Needs nothing but Node.
 *
 *   node scripts/setup.mjs [--quiet] [--no-install] [--image full]
 *
 * Everything is said on stderr, because the command that follows may own stdout. Exit code 5: something required is
 * impossible here, and the last line says what to do.
 */
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkNode } from './setup/node.mjs'
import { installPackages } from './setup/packages.mjs'
import { linkPostgres } from './setup/postgres.mjs'
import { createReporter, SetupError } from './setup/report.mjs'
import { prepareSandbox } from './setup/sandbox.mjs'
import { prepareTemporal } from './setup/temporal.mjs'

const known = new Set(['--quiet', '--no-install', '--image=full'])

async function main(words, env) {
  const isValue = (at) => words[at - 1] === '--image'
  const args = words
    .map((word, at) => (isValue(at + 1) ? `${word}=${words[at + 1] ?? ''}` : word))
    .filter((_, at) => !isValue(at))
  const unknown = args.find((argument) => !known.has(argument))
  if (unknown !== undefined) {
    process.stderr.write(`setup   unknown argument ${unknown}; known are ${[...known].join(' ')}\n`)
    return 2
  }
  const report = createReporter({ quiet: args.includes('--quiet'), stream: process.stderr })
  const context = {
    root: dirname(dirname(fileURLToPath(import.meta.url))),
    cache: join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'longhand'),
    env,
    install: !args.includes('--no-install'),
    image: args.includes('--image=full') ? 'full' : undefined,
    report,
  }
  try {
    await checkNode(context)
    const parts = []
    for (const step of [installPackages, prepareTemporal, linkPostgres, prepareSandbox]) parts.push(await step(context))
    report.summary(parts.join(' · '))
    return 0
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    report.failure(error)
    return 5
  }
}

// What a step has given up on, a connection for one, must not keep this process alive.
process.exit(await main(process.argv.slice(2), process.env))
