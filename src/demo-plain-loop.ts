import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import type { Readable, Writable } from 'node:stream'
import type { PlainLoop } from './cli/stage.ts'
import { programOf } from './program-of.ts'

export interface PlainLoopOptions {
  /** Where it works; whoever made it removes it. */
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
  /** What the model's server knows of it. */
  readonly requests: PlainLoop['requests']
}

type Ending = Awaited<ReturnType<PlainLoop['ended']>>

interface Started {
  readonly child: ChildProcessByStdio<Writable, Readable, null>
  readonly ended: Promise<Ending>
}

/** The program `plain-loop` as processes, one after the other. Disposal ends them and whatever they left running. */
export function createPlainLoop({ folder, env, requests }: PlainLoopOptions): PlainLoop {
  const started: Started[] = []
  function last(): Started {
    const found = started.at(-1)
    if (!found) throw new Error('expected a plain loop that was started')
    return found
  }
  return {
    requests,
    start(task) {
      const { command, args } = programOf('plain-loop')
      // A process group of its own holds what it starts, too.
      const child = spawn(command, [...args, task], {
        cwd: folder,
        env,
        stdio: ['pipe', 'pipe', 'ignore'],
        detached: true,
      })
      // Typing at one that is gone fails in `type`; nobody else has to know.
      child.stdin.on('error', () => undefined)
      started.push({ child, ended: endingOf(child) })
      return child.pid ?? 0
    },
    kill: () => void last().child.kill('SIGKILL'),
    ended: () => last().ended,
    type: (line) =>
      new Promise((resolve) => {
        last().child.stdin.write(`${line}\n`, (error) => resolve(!error))
      }),
    async look(command) {
      const child = spawn('sh', ['-c', command], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] })
      const [printed] = await Promise.all([text(child.stdout), once(child, 'close')])
      return printed
    },
    async [Symbol.asyncDispose]() {
      for (const { child } of started) endGroup(child.pid)
      await Promise.all(started.map(({ ended }) => ended))
    },
  }
}

async function endingOf(child: ChildProcessByStdio<Writable, Readable, null>): Promise<Ending> {
  const ended = new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null))
    child.once('close', resolve)
  })
  const [code, printed] = await Promise.all([ended, text(child.stdout)])
  return { code, printed }
}

/** Ends what is left of a process group; one that is gone is fine. */
function endGroup(group: number | undefined): void {
  if (group === undefined) return
  try {
    process.kill(-group, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
