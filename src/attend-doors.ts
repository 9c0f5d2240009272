import type { Config } from './config.ts'
import type { DoorRule } from './door-renewal.ts'
import type { HostDoors } from './doors.ts'
import { connectDoors } from './doors.ts'
import type { PermitSources } from './permits.ts'
import { createPermitOf } from './permits.ts'
import type { ResourceSecretStore } from './store/resource-secrets.ts'
import { resourcesChannel } from './store/resource-secrets.ts'
import { createSecretBox } from './store/secrets.ts'
import type { WorkerParts } from './worker-parts.ts'

export interface DoorParts extends Pick<WorkerParts, 'log'> {
  readonly config: Pick<Config, 'data' | 'sandboxCa' | 'secretsKey' | 'githubUrl'>
  readonly stores: Pick<PermitSources, 'sessions' | 'environments' | 'resources'> & {
    readonly resourceSecrets: Pick<ResourceSecretStore, 'of' | 'versions'>
  }
  readonly notifier: Pick<WorkerParts['notifier'], 'subscribe'>
}

/**
 * The way to the network of this host's sandboxes, looked after until aborted: another token is in force as soon as it is
 * announced.
 * @param lookMs as of `DoorRule`.
 */
export async function attendDoors(
  { config, stores, notifier, log }: DoorParts,
  signal: AbortSignal,
  lookMs?: number,
): Promise<HostDoors> {
  const { secretsKey, githubUrl: github } = config
  const box = secretsKey ? createSecretBox(secretsKey) : null
  const rule: DoorRule = {
    permitOf: createPermitOf({ ...stores, box, github, log }),
    versionsOf: (sessions) => stores.resourceSecrets.versions(sessions),
    log,
    ...(lookMs !== undefined && { lookMs }),
  }
  const doors = connectDoors(config, rule)
  doors.attend(signal).catch((err: unknown) => log.warn({ err }, 'the way to the network is not attended'))
  await notifier.subscribe(resourcesChannel, (session) => void doors.renew(session))
  return doors
}
