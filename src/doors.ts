import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from './config.ts'
import type { GateClient } from './egress/gate-client.ts'
import { connectGate } from './egress/gate-client.ts'
import { closedPolicy, toPolicy } from './egress/policy.ts'
import type { Policy } from './egress/policy.ts'
import { HandsUnavailable } from './hands/hands.ts'
import type { Doors } from './hands/network.ts'
import { programOf } from './program-of.ts'
import type { EnvironmentStore } from './store/environments.ts'
import type { SessionStore } from './store/sessions.ts'

/** What a session's sandboxes may reach. */
export type PolicyOf = (session: string) => Promise<Policy>

/** What the egress process is given of this one's environment: nothing that is secret. */
const inherited = ['PATH', 'HOME', 'TZ', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE']

/**
 * The doors of this host's sandboxes, in the data folder; the egress process that keeps them is started when it does not
 * run. Without `policyOf` they lead nowhere.
 */
export function connectDoors(
  { data }: Pick<Config, 'data'>,
  policyOf: PolicyOf = async () => closedPolicy,
): Doors & Pick<GateClient, 'attend' | 'end' | 'halt'> {
  const folder = join(data, 'egress')
  const gate = connectGate({ folder, start: () => startEgress(data, folder) })
  return {
    async open(name, session) {
      const policy = await policyOf(session)
      try {
        return await gate.open(name, { policy, credentials: [] })
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause)
        throw new HandsUnavailable(`the way to the network cannot be opened: ${reason}`, { cause })
      }
    },
    close: (name) => gate.close(name),
    attend: (signal) => gate.attend(signal),
    end: () => gate.end(),
    halt: () => gate.halt(),
  }
}

/**
 * What a session was created with, for its agent; sessions from before that was kept go by their environment. One that is
 * not there may reach nothing.
 */
export function createPolicyOf(stores: {
  readonly sessions: Pick<SessionStore, 'find' | 'configuration'>
  readonly environments: Pick<EnvironmentStore, 'read'>
}): PolicyOf {
  return async (session) => {
    const [row, configuration] = await Promise.all([
      stores.sessions.find(session),
      stores.sessions.configuration(session),
    ])
    if (row === null || configuration === null) return closedPolicy
    const { agent, networking } = configuration
    if (networking !== undefined) return toPolicy(networking, agent.mcp_servers)
    const environment = await stores.environments.read(row.workspaceId, row.environmentId)
    return environment?.config.type === 'cloud'
      ? toPolicy(environment.config.networking, agent.mcp_servers)
      : closedPolicy
  }
}

function startEgress(data: string, folder: string): void {
  const { command, args } = programOf('egress')
  mkdirSync(join(data, 'logs'), { recursive: true, mode: 0o700 })
  const log = openSync(join(data, 'logs', 'egress.log'), 'a', 0o600)
  const env = Object.fromEntries(inherited.map((name) => [name, process.env[name]]))
  // Like the sandboxes it outlives whoever started it.
  const child = spawn(command, [...args, folder], { detached: true, stdio: ['ignore', log, log], env })
  closeSync(log)
  child.on('error', () => {})
  child.unref()
}
