import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { readAuthorities } from './authorities.ts'
import type { Config } from './config.ts'
import type { DoorRule } from './door-renewal.ts'
import { createDoorRenewal, placeOf } from './door-renewal.ts'
import type { GateClient } from './egress/gate-client.ts'
import { connectGate } from './egress/gate-client.ts'
import type { Permit } from './egress/proxy-options.ts'
import { buildDoorPrefix } from './hands/docker/builder-spec.ts'
import type { BuildDoors } from './hands/docker/images.ts'
import { HandsUnavailable } from './hands/hands.ts'
import type { Doors } from './hands/network.ts'
import type { PermitOf } from './permits.ts'
import { closedPermit, permitToInstall } from './permits.ts'
import { programOf } from './program-of.ts'

export interface HostDoors extends Doors, Pick<GateClient, 'end' | 'halt'> {
  /**
   * Keeps the egress process alive once there is a door, and each door's permit as it should be at present: tokens are in
   * that process's memory alone, so a new one is given them again. Until aborted.
   */
  attend(signal: AbortSignal): Promise<void>
  /** Names of the doors of sandboxes. */
  names(): Promise<readonly string[]>
  /** Those of makers of images, which belong to no session. */
  readonly builders: BuildDoors
  /** Gives the doors of a session their permits again, when one of its tokens was changed. Never rejects. */
  renew(session: string): Promise<void>
}

/** What the egress process is given of this one's environment: nothing that is secret. */
const inherited = ['PATH', 'HOME', 'TZ', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE']

const closedRule: DoorRule = {
  permitOf: async () => closedPermit,
  versionsOf: async () => new Map(),
  log: { warn() {} },
}
/** A change is told at once; looks are for a word that got lost. */
const usualLookMs = 10_000

/**
 * The doors of this host's sandboxes, in the data folder; the egress process that keeps them is started when it does not
 * run. Without a rule they lead nowhere.
 */
export function connectDoors(
  { data, sandboxCa }: Pick<Config, 'data'> & Partial<Pick<Config, 'sandboxCa'>>,
  rule: DoorRule = closedRule,
): HostDoors {
  const folder = join(data, 'egress')
  const gate = connectGate({ folder, start: () => startEgress({ data, sandboxCa }, folder) })
  const { lookMs = usualLookMs } = rule
  const trusted = sandboxCa === undefined ? {} : { authorities: readAuthorities(sandboxCa) }
  const permitOf: PermitOf = async (session, hand) => ({ ...(await rule.permitOf(session, hand)), ...trusted })
  const names = () => sessionDoors(gate)
  const renewal = createDoorRenewal({ names, renew: (name, permit) => gate.renew(name, permit) }, { ...rule, permitOf })

  async function open(name: string, permit: Permit): Promise<string> {
    try {
      return await gate.open(name, permit)
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new HandsUnavailable(`the way to the network cannot be opened: ${reason}`, { cause })
    }
  }

  const close = (name: string): Promise<void> => gate.close(name)
  return {
    // A store that is away is waited for by who knows it by its errors.
    async open(name, session) {
      const opened = await open(name, await permitOf(session, placeOf(name).hand))
      renewal.opened(placeOf(name).session)
      return opened
    },
    close,
    builders: {
      close,
      open: (name, networking) => open(name, { ...permitToInstall(networking), ...trusted }),
      names: async () => (await gate.names()).filter(isBuilders),
    },
    renew: (session) => renewal.look(session),
    async attend(signal) {
      const timer = setInterval(() => void renewal.look(), lookMs)
      await gate.attend(signal, () => void renewal.begin()).finally(() => clearInterval(timer))
    },
    names,
    end: () => gate.end(),
    halt: () => gate.halt(),
  }
}

/** Those that belong to sessions. */
async function sessionDoors(gate: GateClient): Promise<readonly string[]> {
  return (await gate.names()).filter((name) => !isBuilders(name))
}

function isBuilders(name: string): boolean {
  return name.startsWith(buildDoorPrefix)
}

function startEgress(
  { data, sandboxCa }: { readonly data: string; readonly sandboxCa: string | undefined },
  folder: string,
): void {
  const { command, args } = programOf('egress')
  mkdirSync(join(data, 'logs'), { recursive: true, mode: 0o700 })
  const log = openSync(join(data, 'logs', 'egress.log'), 'a', 0o600)
  const own = Object.fromEntries(inherited.map((name) => [name, process.env[name]]))
  // Behind a network that ends TLS itself, credentials go out through that network too.
  const env = sandboxCa === undefined ? own : { ...own, NODE_EXTRA_CA_CERTS: sandboxCa }
  // Like the sandboxes it outlives whoever started it.
  const child = spawn(command, [...args, folder], { detached: true, stdio: ['ignore', log, log], env })
  closeSync(log)
  child.on('error', () => {})
  child.unref()
}
