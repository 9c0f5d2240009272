import { setTimeout as pause } from 'node:timers/promises'
import { readScripts } from '../exchange.ts'
import { HandsUnavailable } from '../hands.ts'
import type { Doors } from '../network.ts'
import { isForwarding, trust } from '../network.ts'
import { placeName } from '../recipe.ts'
import type { Provisioned, SandboxKey } from '../sandbox.ts'
import type { Limits, MountedDoor } from './container-spec.ts'
import { agent, cargoFolder, containerSpec } from './container-spec.ts'
import { sessionFolders } from './docker-cargo.ts'
import { DoorAway, createAtDoor } from './door-away.ts'
import type { ContainerState, Engine } from './engine.ts'
import { findWeaknesses } from './hardening.ts'
import { toRow } from './identity.ts'

export interface ProvisionOptions {
  readonly engine: Engine
  readonly image: string
  readonly runtime: string | undefined
  readonly installation: string
  readonly limits: Limits
  readonly doors: Doors | undefined
  /** As of `DockerOptions`. */
  readonly toHostPath: (path: string) => string
}

/** The container stands, but not with everything that was asked for. */
class TooWeak extends HandsUnavailable {}

interface Claim {
  readonly id: string
  /** Made just now by this call. */
  readonly isOurs: boolean
  readonly isRunning: boolean
  readonly door: MountedDoor | null
}

const prepare = readScripts('./docker/prepare.sh')
/** What ends a container whose program is not in its image. */
const NOT_FOUND = 127
const patienceMs = 30_000
const pollMs = 50
const mostRounds = 3

/** Makes or finds the container of a key. Its name is the claim: of all who create it, one does. */
export async function provisionContainer(options: ProvisionOptions, key: SandboxKey): Promise<Provisioned> {
  if (!/^[\w-]{1,128}$/.test(key.sessionId))
    throw new Error(`expected a session id of letters, digits, _ and -, got ${key.sessionId}`)
  try {
    return await contend(options, key)
  } catch (error) {
    await shutUnused(options, key)
    throw error
  }
}

/** The name of a sandbox's door. */
export function doorName(key: SandboxKey): string {
  return `${placeName(key)}.${key.generation}`
}

async function contend(options: ProvisionOptions, key: SandboxKey): Promise<Provisioned> {
  // Another may clear away what this one is about to start.
  for (let round = 0; round < mostRounds; round++) {
    const { isOurs, ...claimed } = await claim(options, key)
    const { id } = claimed
    try {
      const row = await begin(options, claimed)
      if (row !== null) return row
    } catch (error) {
      // What another has just made may serve him well. What he died over would be in the way for ever.
      const isAbandoned = !isOurs && (await isUnfit(options.engine, id, error))
      if (isOurs || isAbandoned) await options.engine.remove(id)
      if (!isAbandoned) throw error
    }
  }
  throw new HandsUnavailable(`generation ${key.generation} of ${key.sessionId} is being removed by others all the time`)
}

/** Closes the key's door where there is no container: nobody lists it, so nobody else ever would. */
async function shutUnused({ engine, installation, doors }: ProvisionOptions, key: SandboxKey): Promise<void> {
  if (doors === undefined) return
  // Without an answer it may be in use; who makes this sandbox after all will find it open.
  const isUsed = await engine.find(containerName(installation, key)).then(
    (state) => state !== null,
    () => true,
  )
  if (!isUsed) await doors.close(doorName(key))
}

function containerName(installation: string, key: SandboxKey): string {
  return `longhand-${installation}-${placeName(key)}-${key.generation}`
}

async function claim(options: ProvisionOptions, key: SandboxKey): Promise<Claim> {
  const { engine, image, runtime, installation, limits, doors, toHostPath } = options
  const name = containerName(installation, key)
  // A daemon that is away is found out before a door is opened.
  if (doors !== undefined) await engine.find(name)
  const folder = await doors?.open(doorName(key), key.sessionId)
  const door = folder === undefined ? null : { folder, source: toHostPath(folder) }
  const spec = containerSpec({ key, installation, image, runtime, limits, door })
  const deadline = Date.now() + patienceMs
  do {
    const made = await createAtDoor(engine, name, { spec, door })
    if (made !== null) return { id: made, isOurs: true, isRunning: false, door }
    const present = await engine.find(name)
    switch (present?.status) {
      case 'created':
      case 'running':
        return { id: present.id, isOurs: false, isRunning: present.status === 'running', door }
      case 'exited':
      case 'dead':
        await engine.remove(present.id)
        break
      case 'paused':
        throw new HandsUnavailable(`container ${name} is paused: docker unpause ${name}`)
      default:
        await pause(pollMs)
    }
  } while (Date.now() < deadline)
  throw new HandsUnavailable(`container ${name} was in the way for ${patienceMs} ms`)
}

/** Whether nobody can ever work in it: too weak, without its door, or never started, for longer than anybody waits. */
async function isUnfit(engine: Engine, id: string, error: unknown): Promise<boolean> {
  const state = await engine.find(id)
  if (state === null || Date.now() - Date.parse(state.createdAt) < patienceMs) return false
  return error instanceof TooWeak || error instanceof DoorAway || state.status === 'created'
}

/** Starts it unless it runs, and looks at what is in force inside; null when somebody has removed it. */
async function begin(
  { engine, limits, runtime }: ProvisionOptions,
  { id, isRunning, door }: Omit<Claim, 'isOurs'>,
): Promise<Provisioned | null> {
  // Only before it starts: as long as an archive is on its way, the daemon tells nothing of a container.
  if (!isRunning) await engine.putArchive(id, cargoFolder, await sessionFolders())
  if (!(await engine.start(id))) return null
  const state = await engine.find(id)
  const row = state && toRow(state)
  if (state === null || row === null) return null
  requireRunning(state)
  const argv = ['sh', '-c', prepare, 'prepare', row.bootId, isForwarding, trust]
  const { stdout, stderr } = await engine.exec(id, { argv, user: agent, folder: '/workspace' })
  const report = Buffer.from(stdout).toString()
  if (!report.endsWith(`\nboot ${row.bootId}\n`)) {
    const now = await engine.find(id)
    if (now === null) return null
    // It may have ended meanwhile, which is the better reason.
    requireRunning(now)
    throw new HandsUnavailable(`the sandbox cannot be prepared: ${(stderr || report).trim().slice(-500)}`)
  }
  if (door !== null && /^egress:empty /m.test(report)) throw new DoorAway(door)
  const weaknesses = findWeaknesses(report, limits, runtime)
  if (weaknesses.length === 0) return { ...row, image: state.image }
  throw new TooWeak(`the sandbox would be weaker than asked: ${weaknesses.join('; ')}`)
}

function requireRunning(state: ContainerState): void {
  if (state.status === 'running') return
  const why = state.exitCode === NOT_FOUND ? ': its image has no sh, or no sleep' : ''
  throw new HandsUnavailable(`the container ended at once, with code ${state.exitCode}${why}`)
}
