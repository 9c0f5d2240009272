import { sql } from 'kysely'
import { buildEnvironment, createSession, newId } from '../store/builders.ts'
import type { Stack } from '../support/stack.ts'
import type { Places } from './bad-case.ts'
import { OTHER_WORKER_KEY, REVOKED_TOKEN, REVOKED_WORKER_KEY, SPENT_TOKEN, WORKER_KEY, WORK_TOKEN } from './bad-case.ts'

/** Items that workers hold in two environments, and credentials of all kinds; the sessions are there by their rows alone. */
export async function makeWorkPlaces({
  stores,
  database,
}: Stack): Promise<Pick<Places, 'own' | 'served' | 'held' | 'otherOwn' | 'otherServed' | 'otherHeld'>> {
  const { environments, environmentKeys, work } = stores

  async function makeKey(environmentId: string, secret: string): Promise<string> {
    const id = newId('key')
    await environmentKeys.create({ id, environmentId, name: id }, secret)
    return id
  }
  /** An item that is given out with this token and held. */
  async function hold(environmentId: string, keyId: string, secret: string) {
    const { id: session } = await createSession(stores, 'default', { environmentId, status: 'running' })
    const item = { environmentId, id: newId('work') }
    await work.enqueue({ id: item.id, sessionId: session })
    await work.claim(environmentId, { reclaimMs: 0, token: { secret, keyId } })
    await work.ack(item, { isRetry: false })
    await work.beat(item, { expected: 'NO_HEARTBEAT', ttlMs: 3_600_000, isRetry: false })
    return { session, item }
  }

  const [{ id: own }, { id: otherOwn }] = [
    await environments.create('default', buildEnvironment()),
    await environments.create('default', buildEnvironment()),
  ]
  const [key, revoked] = [await makeKey(own, WORKER_KEY), await makeKey(own, REVOKED_WORKER_KEY)]
  const served = await hold(own, key, WORK_TOKEN)
  const other = await hold(otherOwn, await makeKey(otherOwn, OTHER_WORKER_KEY), newId('lh_work'))
  await hold(own, revoked, REVOKED_TOKEN)
  await environmentKeys.revoke(revoked, new Date())
  const spent = await hold(own, key, SPENT_TOKEN)
  await work.stop(spent.item, { force: true, by: 'operator' })
  const longAgo = sql<Date>`now() - interval '11 minutes'`
  await database.updateTable('work_items').set({ stopped_at: longAgo }).where('id', '=', spent.item.id).execute()
  return {
    own,
    served: served.session,
    held: served.item.id,
    otherOwn,
    otherServed: other.session,
    otherHeld: other.item.id,
  }
}
