import type { ServerConfig } from './config.ts'
import { runsWebTools, takesSystem } from './model/clouds.ts'
import { currentHarness, findHarness, settingsFor, webVersions } from './model/harness.ts'
import type { Policy } from './session/policy.ts'
import { policyOf } from './session/policy.ts'
import { readPrices } from './price-file.ts'
import { findPrices } from './model/prices.ts'
import type { AgentModel } from './wire/types.ts'
import type { WebVersions } from './wire/web-tools.ts'

const RUN_BYTES = 2 * 1024 * 1024

type PolicySettings = Pick<ServerConfig, 'runEvents' | 'priceFile' | 'hourlyRate' | 'modelBackend' | 'provisioning'>

/**
 * What a new session with this model runs under: the present harness, how long its runs become, and what it costs.
 * @throws ConfigError for a table of prices that cannot be read.
 */
export function createPolicies({
  runEvents,
  priceFile,
  hourlyRate,
  modelBackend,
  provisioning,
}: PolicySettings): (model: string, speed?: AgentModel['speed']) => Policy {
  const own = priceFile === undefined ? [] : readPrices(priceFile)
  const run = { events: runEvents, signals: runEvents, bytes: RUN_BYTES }
  return (model, speed) => {
    const policy = policyOf(settingsFor(currentHarness, model))
    return {
      ...policy,
      takesSystem: policy.takesSystem === true && takesSystem(modelBackend),
      run,
      accounting: { prices: findPrices(own, model, speed), hourly: hourlyRate, answers: true },
      ...(provisioning === 'lazy' ? {} : { provisioning }),
    }
  }
}

type WebSettings = Pick<ServerConfig, 'modelBackend' | 'modelWebTools'>

/** Whether the model's API is trusted to search and fetch by itself. */
export function hasWebTools({ modelBackend, modelWebTools }: WebSettings): boolean {
  return modelWebTools === 'auto' && runsWebTools(modelBackend)
}

/** The web tools that a session with this model can have under the harness of that id, without one a new session. */
export function createWebVersions(config: WebSettings): (model: string, harness?: string) => WebVersions | null {
  return (model, id) => {
    const harness = id === undefined ? currentHarness : findHarness(id)
    return harness && hasWebTools(config) ? webVersions(harness, model) : null
  }
}
