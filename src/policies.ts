import type { ServerConfig } from './config.ts'
import { currentHarness, settingsFor } from './model/harness.ts'
import type { Policy } from './session/policy.ts'
import { policyOf } from './session/policy.ts'
import { readPrices } from './price-file.ts'
import { findPrices } from './model/prices.ts'

const RUN_BYTES = 2 * 1024 * 1024

/**
 * What a new session with this model runs under: the present harness, how long its runs become, and what it costs.
 * @throws ConfigError for a table of prices that cannot be read.
 */
export function createPolicies({
  runEvents,
  priceFile,
  hourlyRate,
}: Pick<ServerConfig, 'runEvents' | 'priceFile' | 'hourlyRate'>): (model: string) => Policy {
  const own = priceFile === undefined ? [] : readPrices(priceFile)
  const run = { events: runEvents, signals: runEvents, bytes: RUN_BYTES }
  return (model) => ({
    ...policyOf(settingsFor(currentHarness, model)),
    run,
    accounting: { prices: findPrices(own, model), hourly: hourlyRate },
  })
}
