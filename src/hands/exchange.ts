import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { Answer, Exec, ExecOptions } from './exec.ts'
import { HandsUnavailable } from './hands.ts'
import type { Lanes } from './lanes.ts'
import { SandboxLost } from './sandbox.ts'

export interface SandboxAccess {
  readonly exec: Exec
  /** Whether exactly this sandbox still lives. Asked when an exec gave no answer. */
  readonly isAlive: () => Promise<boolean>
  readonly bootId: string
  /** Residents, which are asked first. */
  readonly lanes?: Lanes
}

export interface Question extends ExecOptions {
  /** A function of the scripts. */
  readonly verb: string
  /** Id of the call, or `-`. */
  readonly id: string
  readonly rest?: readonly (string | number)[]
}

/**
 * Milliseconds without an answer after which {@link startWaking} begins, the most between two of its tries, and for one:
 * an agent can stop them too.
 */
const wakeMs = { first: 10_000, most: 60_000, patience: 30_000 }
/** Milliseconds after a try without an answer: a sandbox that is dying looks alive for a moment. One try for each. */
const patiences = [50, 250]

export type Ask = (question: Question) => Promise<Answer>

/**
 * Asks the scripts in the sandbox and takes nothing but their answer line for an answer. Asking once more without one is
 * safe: what was claimed by the first try is joined by the second. So a resident that dies at a question costs time only.
 * A question whose signal aborts is given up, and with it what serves it: what it has begun inside goes on.
 */
export function createAsk({ exec, isAlive, bootId, lanes }: SandboxAccess): Ask {
  async function askProcess(words: readonly string[], options: ExecOptions): Promise<Answer> {
    const argv = toArgv(words)
    let last = ''
    for (const patience of patiences) {
      options.signal?.throwIfAborted()
      const { stdout, stderr } = await exec(argv, options)
      const answer = parseAnswer(stderr)
      if (answer !== null) return { words: answer, stdout }
      last = stderr.trim().slice(-500)
      await pause(patience)
      if (!(await isAlive())) throw new SandboxLost('the sandbox has ended')
    }
    throw new HandsUnavailable(`the sandbox lives but gives no answer${last === '' ? '' : `: ${last}`}`)
  }

  async function answerTo(words: readonly string[], options: ExecOptions): Promise<Answer> {
    return (lanes && (await lanes.ask(words, options))) ?? (await askProcess(words, options))
  }

  return async ({ verb, id, rest = [], ...options }) => {
    const words = [verb, bootId, checkName(id), ...rest.map(String)]
    const answered = new AbortController()
    startWaking(exec, bootId, answered.signal)
    const answer = await answerTo(words, options).finally(() => answered.abort())
    if (answer.words[0] === 'gone')
      throw new SandboxLost('another sandbox answered in its place, or the runner was removed')
    return answer
  }
}

/**
 * Has what serves the question go on where an agent has stopped it, until the signal aborts: see wake.sh. Each time by a
 * process of its own, for one that waits inside would be stopped as well.
 */
function startWaking(exec: Exec, bootId: string, signal: AbortSignal): void {
  let timer: NodeJS.Timeout
  const start = async () => {
    const over = new AbortController()
    const limit = setTimeout(() => over.abort(), wakeMs.patience).unref()
    // The question itself finds out what is wrong with the sandbox.
    await exec(toArgv(['wake', bootId, '-']), { signal: AbortSignal.any([signal, over.signal]) }).catch(() => {})
    clearTimeout(limit)
  }
  const plan = (ms: number) => {
    const wake = () => {
      void start()
      plan(Math.min(ms * 2, wakeMs.most))
    }
    timer = setTimeout(wake, ms).unref()
  }
  plan(wakeMs.first)
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
}

/** Scripts of this room, one behind the other, without their comments: they travel with every question. */
export function readScripts(...names: readonly string[]): string {
  const texts = names.map((name) => readFileSync(new URL(name, import.meta.url), 'utf8'))
  return texts.join('').replace(/^ *#.*\n/gm, '')
}

const names = ['processes', 'paths', 'room', 'capture', 'runner', 'files', 'outputs', 'wake', 'crowd']
const functions = readScripts(...names.map((name) => `./${name}.sh`))
/** Serves the question that follows as arguments. */
const script = `${functions}serve "$@"\n`

/** The shell begins its own complaints with the fourth word: it must not be the one that answers begin with. */
function toArgv(words: readonly string[]): readonly string[] {
  return ['sh', '-c', script, 'runner', ...words]
}

/** A process that stays: lane.sh. Its text is not among its arguments, for these are what `ps` shows an agent. */
export const resident = {
  argv: ['sh', '-c', 'eval "$LONGHAND_RESIDENT"', 'resident'],
  env: { LONGHAND_RESIDENT: `unset LONGHAND_RESIDENT\n${functions}${readScripts('./lane.sh')}lane\n` },
} as const

/** Ids and queues become names in the sandbox's file system. */
export function checkName(name: string): string {
  if (name !== '-' && !isName(name)) throw new Error(`expected a name of letters, digits, ., _ and -, got ${name}`)
  return name
}

export function isName(name: string): boolean {
  return /^\w[\w.-]{0,127}$/.test(name)
}

/** The words of the last line, where that is an answer. */
export function parseAnswer(stderr: string): string[] | null {
  const line = stderr.trimEnd().split('\n').at(-1) ?? ''
  return line.startsWith('longhand: ') && stderr.endsWith('\n') ? line.split(' ').slice(1) : null
}
