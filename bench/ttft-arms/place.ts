import type Anthropic from '@anthropic-ai/sdk'
import type { Program } from '../../src/dev/dev-options.ts'
import { until } from '../recovery/until.ts'
import { prepare } from '../support/conversation.ts'
import { connectPostgres } from '../support/postgres.ts'
import { startService } from '../support/service.ts'
import type { Service } from '../support/service.ts'
import type { BeginningParams } from './beginning.ts'

/** When a session gets its sandbox, the baseline first. */
export const arms = ['first', 'parallel', 'lazy'] as const
export type When = (typeof arms)[number]

export interface PlaceOptions {
  /** `local`, or Docker with something. */
  readonly name: string
  readonly sandbox: 'local' | 'docker'
  readonly modelUrl: string
  readonly worker?: Program
  readonly image?: string
  readonly github?: string
  readonly packages?: Anthropic.Beta.Environments.BetaPackagesParams
  readonly resources?: Anthropic.Beta.SessionCreateParams['resources']
}

/** A service with one kind of sandbox, and an environment for each arm. Disposal ends it. */
export interface Place extends AsyncDisposable {
  readonly name: string
  readonly service: Service
  readonly params: Readonly<Record<When, BeginningParams>>
  /** How many sandboxes these sessions have. */
  countSandboxes(sessions: readonly string[]): Promise<number>
  /** Deletes sessions, and resolves when nothing is left of them, their sandboxes included. */
  clear(sessions: readonly string[]): Promise<void>
}

/** Neither copies nor ends of idle sandboxes belong to what is measured. */
const env = { LONGHAND_SANDBOX_IDLE: '0', LONGHAND_WORKSPACE_EXPORT: '0' }
/** Sessions are cleared one after the other, and a container takes half a second. */
const clearMs = 180_000

export async function openPlace(options: PlaceOptions): Promise<Place> {
  const { sandbox, modelUrl, worker, image, github } = options
  const service = await startService({
    modelUrl,
    sandbox,
    ...(worker && { worker }),
    env: { ...env, ...(image && { LONGHAND_SANDBOX_IMAGE: image }), ...(github && { LONGHAND_GITHUB_URL: github }) },
  })
  try {
    return await furnish(service, options)
  } catch (error) {
    await service[Symbol.asyncDispose]()
    throw error
  }
}

async function furnish(service: Service, options: PlaceOptions): Promise<Place> {
  const { sdk } = service
  const params = await prepareArms(sdk, options)
  const postgres = await connectPostgres(service)
  const count = async (text: string, ...values: readonly unknown[]): Promise<number> => {
    const [row] = await postgres.query<{ count: number }>(text, values)
    return row?.count ?? 0
  }
  return {
    name: options.name,
    service,
    params,
    countSandboxes: (sessions) => count('select count(*)::integer from sandboxes where session_id = any($1)', sessions),
    async clear(sessions) {
      await Promise.all(sessions.map((id) => sdk.beta.sessions.delete(id)))
      const left = () => count('select count(*)::integer from tombstones where cleared_at is null')
      await until(async () => (await left()) === 0, 'what was deleted is gone', clearMs)
    },
    async [Symbol.asyncDispose]() {
      await postgres[Symbol.asyncDispose]()
      await service[Symbol.asyncDispose]()
    },
  }
}

async function prepareArms(
  sdk: Anthropic,
  { name, packages, resources }: PlaceOptions,
): Promise<Readonly<Record<When, BeginningParams>>> {
  const { agent } = await prepare(sdk)
  const entries = arms.map(async (when) => {
    const { id } = await sdk.beta.environments.create({
      name: `${name} ${when}`,
      metadata: { 'longhand.provisioning': when },
      ...(packages && { config: { type: 'cloud', packages } }),
    })
    return [when, { agent, environment_id: id, ...(resources && { resources }) }] as const
  })
  // One for each arm.
  return Object.fromEntries(await Promise.all(entries)) as Record<When, BeginningParams>
}
