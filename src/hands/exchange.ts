import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { HandsUnavailable } from './hands.ts'
import { SandboxLost } from './sandbox.ts'

/** What one process in the sandbox wrote until it ended. */
export interface ExecEnd {
  readonly stdout: Uint8Array
  readonly stderr: string
}

export interface ExecOptions {
  readonly stdin?: Uint8Array
  readonly env?: Readonly<Record<string, string>>
}

/**
 * Starts `argv` in the sandbox as the agent's user and waits for its end. Its exit code does not matter, its answer is
 * the last line of stderr. Must not end the process when the caller dies. Rejects with `HandsUnavailable`.
 */
export type Exec = (argv: readonly string[], options: ExecOptions) => Promise<ExecEnd>

export interface SandboxAccess {
  readonly exec: Exec
  /** Whether exactly this sandbox still lives. Asked when an exec gave no answer. */
  readonly isAlive: () => Promise<boolean>
  readonly bootId: string
}

export interface Question extends ExecOptions {
  /** Text for `sh -c`. */
  readonly script: string
  readonly verb: string
  /** Id of the call, or `-`. */
  readonly id: string
  readonly rest?: readonly (string | number)[]
}

export interface Answer {
  readonly words: readonly string[]
  readonly stdout: Uint8Array
}

/** Milliseconds after a try without an answer: a sandbox that is dying looks alive for a moment. One try for each. */
const patiences = [50, 250]

export type Ask = (question: Question) => Promise<Answer>

/**
 * Asks a script in the sandbox and takes nothing but its answer line for an answer. Asking once more without one is
 * safe: what was claimed by the first try is joined by the second.
 */
export function createAsk({ exec, isAlive, bootId }: SandboxAccess): Ask {
  return async ({ script, verb, id, rest = [], ...options }) => {
    // The shell begins its own complaints with the fourth word: it must not be the one that answers begin with.
    const argv = ['sh', '-c', script, 'runner', verb, bootId, checkName(id), ...rest.map(String)]
    let last = ''
    for (const patience of patiences) {
      const { stdout, stderr } = await exec(argv, options)
      const words = parseAnswer(stderr)
      if (words?.[0] === 'gone')
        throw new SandboxLost('another sandbox answered in its place, or the runner was removed')
      if (words !== null) return { words, stdout }
      last = stderr.trim().slice(-500)
      await pause(patience)
      if (!(await isAlive())) throw new SandboxLost('the sandbox has ended')
    }
    throw new HandsUnavailable(`the sandbox lives but gives no answer${last === '' ? '' : `: ${last}`}`)
  }
}

/** Scripts of this room, one behind the other, without their comments: they travel with every question. */
export function readScripts(...names: readonly string[]): string {
  const texts = names.map((name) => readFileSync(new URL(name, import.meta.url), 'utf8'))
  return texts.join('').replace(/^ *#.*\n/gm, '')
}

/** Ids and queues become names in the sandbox's file system. */
export function checkName(name: string): string {
  if (!/^(-|\w[\w.-]{0,127})$/.test(name))
    throw new Error(`expected a name of letters, digits, ., _ and -, got ${name}`)
  return name
}

function parseAnswer(stderr: string): string[] | null {
  const line = stderr.trimEnd().split('\n').at(-1) ?? ''
  return line.startsWith('longhand: ') && stderr.endsWith('\n') ? line.split(' ').slice(1) : null
}
