import { chmod, mkdir } from 'node:fs/promises'
import type { Authority } from './authority.ts'
import { createAuthority } from './authority.ts'
import type { KeptDoor } from './door.ts'
import { forgetDoor, keepDoor, listDoors, listenAt } from './door.ts'
import type { Permit, ProxyOptions } from './proxy-options.ts'
import { createProxy } from './proxy.ts'
import type { RepositoryRoute } from './repository-route.ts'
import type { UpstreamOptions } from './upstream.ts'

export interface EgressLog {
  info(details: object, message: string): void
  warn(details: object, message: string): void
}

export interface GateOptions extends UpstreamOptions, Pick<ProxyOptions, 'dialAny'> {
  /** Absolute; made when needed, closed to others. One process at a time works in it. */
  readonly folder: string
  readonly log: EgressLog
}

/** The doors of a host's sandboxes: for each a folder to mount, with a socket on which a proxy of its own listens. */
export interface Gate extends AsyncDisposable {
  /** Answers the folder; a door that is open already gets another permit. */
  open(name: string, permit: Permit): Promise<string>
  /** Gives a door another permit; one that is closed stays so. */
  renew(name: string, permit: Permit): Promise<void>
  /** Ends the connections and removes the folder; a door that is closed already is success. */
  close(name: string): Promise<void>
  /** Names of those that are open. */
  names(): readonly string[]
}

interface Door {
  permit: Permit
  authority: Authority | null
  readonly stop: () => Promise<void>
}

/**
 * Opens again what a gate before this one has left in the folder, with the policies of then and without credentials and
 * tokens, which are kept in memory alone. Disposal leaves the folders for the next one.
 */
export async function openGate({ folder: root, log, ...upstream }: GateOptions): Promise<Gate> {
  await mkdir(root, { recursive: true, mode: 0o700 })
  await chmod(root, 0o700)
  const doors = new Map<string, Door>()
  const inTurn = createTurns()

  async function open(kept: KeptDoor, permit: Permit): Promise<string> {
    const { name, policy } = kept
    const present = doors.get(name)
    const secret = present?.authority?.secret ?? kept.authority
    const isTrusted = secret !== undefined || permit.credentials.length > 0
    const authority = present?.authority ?? (isTrusted ? createAuthority(secret) : null)
    const document = {
      name,
      policy,
      ...(authority && { authority: authority.secret }),
      ...(permit.repositories && { repositories: permit.repositories.map(withoutToken) }),
      ...(permit.authorities && { authorities: permit.authorities }),
    }
    const folder = await keepDoor(root, document, authority?.certificate ?? null)
    if (present !== undefined) {
      Object.assign(present, { permit, authority })
      return folder
    }
    const server = createProxy({
      ...upstream,
      permit: () => door.permit,
      authority: () => (door.authority ??= createAuthority()),
      onRefusal: (target, { status, message }) => log.info({ door: name, target, status, reason: message }, 'refused'),
    })
    const door: Door = { permit, authority, stop: await listenAt(folder, server) }
    doors.set(name, door)
    return folder
  }

  for (const kept of await listDoors(root)) {
    const { policy, repositories, authorities } = kept
    const permit = { policy, credentials: [], ...(repositories && { repositories }) }
    await open(kept, { ...permit, ...(authorities && { authorities }) })
  }
  const put = (name: string, permit: Permit) => open({ name, policy: permit.policy }, permit)
  return {
    open: (name, permit) => inTurn(() => put(name, permit)),
    renew: (name, permit) =>
      inTurn(async () => {
        if (doors.has(name)) await put(name, permit)
      }),
    close: (name) =>
      inTurn(async () => {
        await doors.get(name)?.stop()
        doors.delete(name)
        await forgetDoor(root, name)
      }),
    names: () => [...doors.keys()],
    async [Symbol.asyncDispose]() {
      await inTurn(() => Promise.all([...doors.values()].map(({ stop }) => stop())))
    },
  }
}

/** That none is needed is no secret. */
function withoutToken({ authorization, ...route }: RepositoryRoute): RepositoryRoute {
  return authorization === null ? { ...route, authorization } : route
}

/** One after the other: two that open the same door must not meet. */
function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const done = last.then(work)
    last = done.catch(() => undefined)
    return done
  }
}
