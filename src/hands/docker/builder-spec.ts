import { readScripts } from '../exchange.ts'
import { bundle, doorVariables, forwarder, isForwarding, trust } from '../network.ts'
import type { Limits, MountedDoor } from './container-spec.ts'
import { isolation, mountOf, quotas } from './container-spec.ts'
import type { ContainerSpec } from './engine.ts'

/** Label of a container in which an image is made; its value is the installation. Images have it empty. */
export const buildLabel = 'longhand.build'
/** Label of its door's name. */
export const doorLabel = 'longhand.door'
/** How the names of their doors begin, which are no session's. */
export const buildDoorPrefix = 'build.'
/** Where a builder finds what it is to do. */
export const buildFolder = 'longhand-build'
/** Of the whole installation, after which it is ended. */
export const installMinutes = 10
/** Exit code of a builder that was ended for that. */
export const tooLate = 124

/** Managers own what they install to other accounts, and give up root to fetch. */
const capabilities = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'SETGID', 'SETUID']
const logBytes = '1m'

export const installScript = readScripts('./docker/install.sh')

export interface BuilderRequest {
  readonly image: string
  readonly installation: string
  readonly limits: Limits
  readonly door: (MountedDoor & { readonly name: string }) | null
}

/**
 * The container in which packages are installed: as a sandbox's, but with root inside and a file system that keeps what is
 * written to it. What reaches the network goes through its door, and nothing of that stays behind.
 */
export function builderSpec({ image, installation, limits, door }: BuilderRequest): ContainerSpec {
  return {
    Image: image,
    Hostname: 'builder',
    User: '0:0',
    WorkingDir: '/',
    Entrypoint: [],
    Cmd: ['sh', '-c', start(door?.folder ?? null)],
    Labels: { [buildLabel]: installation, ...(door && { [doorLabel]: door.name }) },
    HostConfig: {
      ...isolation(),
      ...quotas(limits),
      CapAdd: capabilities,
      ReadonlyRootfs: false,
      LogConfig: { Type: 'json-file', Config: { 'max-size': logBytes, 'max-file': '1' } },
      Mounts: door === null ? [] : [mountOf(door)],
    },
  }
}

/** The variables are given to the managers alone: those of a container are its image's too. */
function start(door: string | null): string {
  const variables = Object.entries(doorVariables(door)).map(([name, value]) => `${name}=${value}`)
  const installer = `sh /${buildFolder}/install.sh /${buildFolder} ${bundle}`
  const install = `exec env ${variables.join(' ')} timeout -k 5 ${installMinutes * 60} ${installer}`
  if (door === null) return install
  const wait = `i=0; until ${isForwarding} || [ $i -ge 200 ]; do sleep 0.05; i=$((i + 1)); done`
  return `mkdir -p /run/longhand; ${trust}\nwhile :; do ${forwarder}; sleep 1; done &\n${wait}\n${install}`
}
