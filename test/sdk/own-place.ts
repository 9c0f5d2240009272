import Anthropic from '@anthropic-ai/sdk'
import { vi } from 'vitest'
import type { Work, WorkSecret } from '../../src/wire/types.ts'
import { newId } from '../store/builders.ts'
import type { Prepared } from './use-stack.ts'

/** A self-hosted environment of its own, and official clients of the first two apis with a key of its workers. */
export async function openPlace({ stack, agent }: Pick<Prepared, 'stack' | 'agent'>) {
  const { id: environment } = await stack.sdk.beta.environments.create({
    name: newId('own'),
    config: { type: 'self_hosted' },
  })
  const [key, keyId] = [newId('lh_env'), newId('key')]
  await stack.stores.environmentKeys.create({ id: keyId, environmentId: environment, name: 'worker' }, key)
  const [first = '', second = first] = stack.urls
  const [worker, other] = [clientOf(first, key), clientOf(second, key)]
  const own = { environment_id: environment }
  return {
    environment,
    own,
    key,
    keyId,
    worker,
    other,
    create: () => stack.sdk.beta.sessions.create({ agent, environment_id: environment }),
    poll: (sdk: Anthropic = worker) => sdk.beta.environments.work.poll(environment),
    /** The newest item, which comes soon after its session. */
    invited: () => soon(async () => (await stack.sdk.beta.environments.work.list(environment)).data[0]),
  }
}

export function clientOf(baseURL: string, apiKey: string): Anthropic {
  return new Anthropic({ baseURL, apiKey, maxRetries: 0 })
}

/** What opens the session of an item that was polled. */
export function tokenOf({ secret }: Pick<Work, 'secret'>): string {
  const decoded: WorkSecret = JSON.parse(Buffer.from(secret ?? '', 'base64url').toString())
  return decoded.sessions_token
}

/** What there is soon. */
export function soon<Found>(look: () => Promise<Found | null | undefined>): Promise<Found> {
  const find = async () => {
    const found = await look()
    if (!found) throw new Error('expected something by now')
    return found
  }
  return vi.waitFor(find, { timeout: 20_000 })
}
