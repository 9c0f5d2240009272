import type { EnvironmentRecipe } from './environments.ts'
import { networkingOf, recipeOf } from './environments.ts'
import { ApiError } from './errors.ts'
import type { AgentModel, Environment, Networking, SessionAgent } from './types.ts'
import { refuseUnsupported, unsupportedInAgent } from './unsupported.ts'
import type { WebVersions } from './web-tools.ts'
import { refuseClosedDomains } from './web-tools.ts'

/** What sessions can have, by the model's back end. */
export interface Backing {
  /** The web tools that sessions with this model can have under a harness, by default that of new ones; null: none. */
  readonly webVersions: (model: string, harness?: string) => WebVersions | null
  /** Whether the back end has fast mode. */
  readonly takesFast: boolean
}

interface Configured {
  readonly agent: SessionAgent
  readonly networking?: Networking
  readonly selfHosted?: true
  readonly recipe?: EnvironmentRecipe
}

/**
 * What a new session has of its agent and environment, whoever starts it.
 * @throws ApiError 400 for what no session can have, and for parts that do not fit together.
 */
export function configureSession(
  agent: SessionAgent,
  environment: Environment,
  { webVersions, takesFast }: Backing,
): Configured {
  refuseUnsupported(unsupportedInAgent(agent, webVersions(agent.model.id)))
  if (!takesFast) refuseFast(agent.model)
  const network = networkingOf(environment)
  refuseClosedDomains(agent.tools, network.networking)
  const isSelfHosted = environment.config.type === 'self_hosted'
  return { agent, ...network, ...recipeOf(environment), ...(isSelfHosted ? { selfHosted: true } : {}) }
}

function refuseFast({ speed }: AgentModel): void {
  if (speed !== 'fast') return
  const message = 'agent.model.speed: expected standard, because the back end of the model has no fast mode'
  throw new ApiError('invalid_request', message, { code: 'not_supported' })
}
