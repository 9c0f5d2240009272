import { HandsUnavailable } from '../hands.ts'
import { agent } from './container-spec.ts'
import type { ContainerState, Engine, Usage } from './engine.ts'

/** Share of a limit from which on it is taken for the reason why nothing starts; a process that was killed frees some. */
const full = 0.9

export interface Patient {
  readonly engine: Engine
  readonly id: string
  /** Whether this is the sandbox that is meant, in the same life. */
  readonly isSame: (state: ContainerState) => boolean
}

/**
 * Looks at a sandbox that gave no answer: false when it is gone, or so full of what cannot be given back that nothing
 * starts in it any more; that one is removed. Out of processes, the agent's are ended, which a process that makes no
 * other can do. Rejects with `HandsUnavailable` when the daemon cannot tell, or somebody has paused it.
 */
export async function isAnswering({ engine, id, isSame }: Patient): Promise<boolean> {
  const state = await engine.find(id)
  if (state === null || !isSame(state)) return false
  if (state.status === 'paused') throw new HandsUnavailable(`container ${id} is paused: docker unpause ${id}`)
  if (state.status !== 'running') return false
  const run = (script: string) => engine.exec(id, { argv: ['sh', '-c', script], user: agent, folder: '/' })
  const { stdout } = await run('(:) && echo able')
  if (Buffer.from(stdout).toString() === 'able\n') return true
  const { memory, pids } = await engine.usage(id)
  if (isFull(pids)) {
    await run('kill -9 -1')
    return true
  }
  if (!isFull(memory)) return true
  await engine.remove(id)
  return false
}

function isFull({ used, limit }: Usage['memory']): boolean {
  return used >= limit * full
}
