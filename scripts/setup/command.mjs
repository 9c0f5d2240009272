import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createReporter, SetupError } from './report.mjs'
import { prepareTemporal } from './temporal.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Gets what `longhand dev` and `longhand demo` of an installed package start and npm does not bring: the Temporal dev
 * server. In a checkout all of `setup.mjs` runs before them. Answers false, with exit code 5 set, when there is no way.
 */
export async function prepareCommand([command, ...rest], env) {
  const hasCluster = Boolean(env.TEMPORAL_ADDRESS || env.TEMPORAL_PROFILE)
  const starts = (command === 'dev' && !hasCluster) || command === 'demo'
  if (!starts || rest.some((argument) => argument === '--help' || argument === '-h')) return true
  const report = createReporter({ quiet: true, stream: process.stderr })
  const cache = join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'longhand')
  try {
    // The demo has a server of its own in any case.
    const { TEMPORAL_ADDRESS: _address, TEMPORAL_PROFILE: _profile, ...own } = env
    await prepareTemporal({ root, cache, env: own, report })
    return true
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    report.failure(error)
    process.exitCode = 5
    return false
  }
}
