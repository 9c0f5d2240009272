import { spawn } from 'node:child_process'
import type { Arm } from './interleave.ts'
import { time } from './interleave.ts'

export interface SpawnArms {
  readonly spawn: Arm
  readonly unshare: Arm
  readonly bubblewrap: Arm
}

/** The least that a process costs, alone and in namespaces of its own: no claim, no limits, no result kept. */
export function createSpawnArms(): SpawnArms {
  const namespaces = ['--user', '--map-root-user', '--mount', '--pid', '--fork', '--net']
  return {
    spawn: toArm('spawn of true, no isolation', ['true']),
    unshare: toArm('unshare of true', ['unshare', ...namespaces, 'true']),
    bubblewrap: toArm('bwrap --unshare-all of true', ['bwrap', '--ro-bind', '/', '/', '--unshare-all', 'true']),
  }
}

/** Timed from the start of the process to its end. */
export function toArm(name: string, argv: readonly string[]): Arm {
  return { name, once: () => time(() => run(argv)) }
}

function run([file = '', ...args]: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: 'ignore' })
    child.on('error', reject)
    child.on('exit', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`${file} ended with ${signal ?? code}, not with 0`)),
    )
  })
}
