import { clearWay, hasRoom } from '../crowd.ts'
import type { Exec } from '../exec.ts'
import { HandsUnavailable } from '../hands.ts'
import { agent } from './container-spec.ts'
import type { ContainerState, Engine, Usage } from './engine.ts'

/** Share of a limit from which on it is taken for the reason why nothing starts; a process that was killed frees some. */
const full = { memory: 0.9, pids: 0.5 }

export interface Patient {
  readonly engine: Engine
  readonly id: string
  /** Whether this is the sandbox that is meant, in the same life. */
  readonly isSame: (state: ContainerState) => boolean
}

/**
 * Looks at a sandbox that gave no answer: false when it is gone, or so full of what cannot be given back that nothing
 * starts in it any more; that one is removed. Where there is no room for another process, the agent's are ended, and
 * those that cannot be are such a thing too. Rejects with `HandsUnavailable` when the daemon cannot tell, nothing in there
 * answers in time, or somebody has paused it.
 */
export async function isAnswering({ engine, id, isSame }: Patient): Promise<boolean> {
  const state = await engine.find(id)
  if (state === null || !isSame(state)) return false
  if (state.status === 'paused') throw new HandsUnavailable(`container ${id} is paused: docker unpause ${id}`)
  if (state.status !== 'running') return false
  const exec: Exec = (argv, options) => engine.exec(id, { argv, user: agent, folder: '/', ...options })
  if (await hasRoom(exec)) return true
  const { memory, pids } = await engine.usage(id)
  if (isAbove(full.pids, pids)) {
    if (await clearWay({ exec, least: 0 })) return true
  } else if (!isAbove(full.memory, memory)) return true
  await engine.remove(id)
  return false
}

function isAbove(share: number, { used, limit }: Usage['memory']): boolean {
  return used >= limit * share
}
