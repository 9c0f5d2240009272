import type { Stores } from '../../src/store/postgres/stores.ts'
import type { SessionRow } from '../../src/store/sessions.ts'
import type { WorkItem } from '../../src/store/work.ts'
import { createEnvironment } from '../../src/wire/environments.ts'
import { createSession, newId, newWorkspace, noon } from '../store/builders.ts'

/** Another process on the same database; `ahead` is added to its clock, in milliseconds. */
export type OpenWork = (ahead?: () => number) => Promise<Stores>

/** A self-hosted environment with a key for its workers. */
export interface Place {
  readonly workspaceId: string
  readonly environmentId: string
  readonly keyId: string
}

export async function newPlace(stores: Stores, type: 'self_hosted' | 'cloud' = 'self_hosted'): Promise<Place> {
  const workspaceId = await newWorkspace(stores)
  const id = newId('env')
  const environment = createEnvironment({ name: id, config: { type } }, { id, now: noon.toISOString() })
  await stores.environments.create(workspaceId, environment)
  const keyId = newId('key')
  await stores.environmentKeys.create({ id: keyId, environmentId: environment.id, name: keyId }, newId('lh_env'))
  return { workspaceId, environmentId: environment.id, keyId }
}

export async function newSession(stores: Stores, place: Place, change: Partial<SessionRow> = {}): Promise<string> {
  const { environmentId, workspaceId } = place
  return (await createSession(stores, workspaceId, { environmentId, ...change })).id
}

export async function invite(stores: Stores, sessionId: string, options: { afterMs?: number; attempt?: number } = {}) {
  return stores.work.enqueue({ id: newId('work'), sessionId, ...options })
}

export function take(stores: Stores, { environmentId, keyId }: Place, reclaimMs = 5_000): Promise<WorkItem | null> {
  return stores.work.claim(environmentId, { reclaimMs, token: { secret: newId('lh_work'), keyId } })
}

export async function takeAndAck(stores: Stores, place: Place): Promise<WorkItem> {
  const taken = await take(stores, place)
  const held = taken && (await stores.work.ack(taken, { isRetry: false }))
  if (!held?.done) throw new Error('expected an item to take')
  return held.item
}

export async function takeAndBeat(stores: Stores, place: Place, ttlMs = 90_000): Promise<WorkItem> {
  const { id, environmentId } = await takeAndAck(stores, place)
  const held = await stores.work.beat({ id, environmentId }, { expected: 'NO_HEARTBEAT', ttlMs, isRetry: false })
  if (!held?.done) throw new Error('expected a lease')
  return held.item
}
