import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('keeper-program.ts', import.meta.url))

/** Where a keeper ends itself; `amid` is for the copy alone. */
export interface KillPoint {
  readonly step: 'write' | 'exported' | 'retire' | 'destroy'
  readonly when: 'before' | 'amid' | 'behind'
}

/** What keeper-program.ts is told: on what it works, and where it dies. */
export interface KeeperTask extends KillPoint {
  readonly url: string
  /** Folders of the local sandboxes and of the copies. */
  readonly sandboxes: string
  readonly contents: string
  readonly host: string
}

/** One pass of a keeper in a process of its own; answers what ended that. */
export function runKeeper(task: KeeperTask): Promise<NodeJS.Signals | number | null> {
  const args = ['--import', 'tsx', program, JSON.stringify(task)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  return new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)))
}
