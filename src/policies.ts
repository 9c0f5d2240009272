import type { ServerConfig } from './config.ts'
import { currentHarness, settingsFor } from './model/harness.ts'
import type { Policy } from './session/policy.ts'
import { policyOf } from './session/policy.ts'

const RUN_BYTES = 2 * 1024 * 1024

/** What a new session with this model runs under: the present harness, and how long its runs become. */
export function createPolicies({ runEvents }: Pick<ServerConfig, 'runEvents'>): (model: string) => Policy {
  const run = { events: runEvents, signals: runEvents, bytes: RUN_BYTES }
  return (model) => ({ ...policyOf(settingsFor(currentHarness, model)), run })
}
