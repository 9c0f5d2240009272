import type { EnvironmentRecipe } from './environments.ts'
import { ApiError } from './errors.ts'

/** What a host can make sandboxes of. */
export interface Offer {
  /** Whether it installs packages into them. */
  readonly packages: boolean
  /** Container runtimes that it has. */
  readonly runtimes: readonly string[]
}

/**
 * Without any host nothing is refused: one that comes later may have what is asked for, and the first call says it if not.
 * @param offers of the hosts that take calls.
 * @param field where the request names the environment.
 * @throws ApiError 400 `not_supported` for sandboxes that none of them can make.
 */
export function refuseUnoffered(
  recipe: EnvironmentRecipe | undefined,
  offers: readonly Offer[],
  field = 'environment_id',
): void {
  const { packages, runtime } = recipe ?? {}
  const wanting = offers.filter((offer) => packages === undefined || offer.packages)
  if (offers.length === 0 || wanting.some(({ runtimes }) => runtime === undefined || runtimes.includes(runtime))) return
  const names = [...new Set(wanting.flatMap(({ runtimes }) => runtimes))]
  const fault =
    wanting.length === 0
      ? 'its packages need Docker sandboxes, and no host here has them'
      : `no host here has the runtime ${runtime}; there are: ${names.join(', ') || 'none, for that needs Docker sandboxes'}`
  throw new ApiError('invalid_request', `${field}: ${fault}`, { code: 'not_supported' })
}
