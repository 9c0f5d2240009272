import { randomBytes } from 'node:crypto'
import type { Answer, ExecOptions } from './exec.ts'
import type { Line } from './line.ts'
import { createLane } from './lane.ts'
import type { Lane } from './lane.ts'

/** Asks residents of one sandbox. */
export interface Lanes {
  /**
   * Asks what `words` say: verb, boot id, id of the call, and more, as arguments of `serve` in processes.sh. Null when no resident gave an answer, or none can take
   * such a question: what was asked may go on, and asking again by a process of its own joins it. Never rejects.
   */
  ask(words: readonly string[], options: ExecOptions): Promise<Answer | null>
  /** Ends the residents that have nothing to do; one that is at a call ends behind it. */
  close(): void
  /** Whether no resident waits for a question. */
  isEmpty(): boolean
}

/** The lanes of each sandbox that a provider has attached to: whoever attaches again finds them. */
export interface LanesByName {
  of(reference: string, open: LanesOptions['open']): Lanes
  close(reference: string): void
}

export interface LanesOptions {
  /** Starts a resident: the process of lane.sh. */
  readonly open: () => Promise<Line>
  /** Milliseconds without a question after which a resident is ended. Default: one minute. */
  readonly idleMs?: number
}

const usualIdleMs = 60_000
/** Bytes of a question: the shell reads it byte by byte, at a cost that reaches that of a process here. */
const mostBytes = 48 * 1024
/** Residents that wait for the next question; calls beyond that get one of their own each. */
const mostIdle = 4
/** Sandboxes above which those are forgotten that have no residents any more. */
const mostNames = 256

export function createLanesByName(): LanesByName {
  const names = new Map<string, Lanes>()
  return {
    of(reference, open) {
      const present = names.get(reference)
      if (present !== undefined) return present
      if (names.size >= mostNames) for (const [name, lanes] of names) if (lanes.isEmpty()) names.delete(name)
      const made = createLanes({ open })
      names.set(reference, made)
      return made
    },

    close(reference) {
      names.get(reference)?.close()
      names.delete(reference)
    },
  }
}

interface Waiting {
  readonly lane: Lane
  readonly timer: NodeJS.Timeout
}

/** The first question starts a resident, which takes no longer than a process for that question alone. */
export function createLanes({ open, idleMs = usualIdleMs }: LanesOptions): Lanes {
  let waiting: readonly Waiting[] = []
  let isClosed = false

  function take(): Lane | null {
    const next = waiting.at(-1)
    if (next === undefined) return null
    waiting = waiting.slice(0, -1)
    clearTimeout(next.timer)
    return next.lane.isOpen() ? next.lane : take()
  }

  function giveBack(lane: Lane): void {
    if (!lane.isOpen()) return
    if (isClosed || waiting.length >= mostIdle) {
      lane.end()
      return
    }
    const timer = setTimeout(() => {
      waiting = waiting.filter((other) => other.lane !== lane)
      lane.end()
    }, idleMs)
    waiting = [...waiting, { lane, timer: timer.unref() }]
  }

  return {
    async ask(words, options) {
      const question = toQuestion(words, options)
      if (question === null || isClosed) return null
      const lane = take() ?? (await open().then(createLane, () => null))
      if (lane === null) return null
      const mark = randomBytes(12).toString('hex')
      const answer = await lane.ask({ mark, id: words[2] ?? '-', question, signal: options.signal })
      giveBack(lane)
      return answer
    },

    close() {
      isClosed = true
      for (let lane = take(); lane !== null; lane = take()) lane.end()
    },

    isEmpty: () => waiting.length === 0,
  }
}

/** One line for the shell to evaluate; null for what it could not read byte by byte as it is, or not fast enough. */
export function toQuestion(words: readonly string[], { stdin, env = {} }: ExecOptions): string | null {
  const given = stdin === undefined ? '' : toShellText(stdin)
  if (given === null || words.some((word) => word.includes('\0'))) return null
  const exports = Object.entries(env).map(([name, value]) => `export ${name}=${quoteLine(value)};`)
  const question = [`given=${quoteLine(given)};`, ...exports, 'serve', ...words.map(quoteLine)].join(' ')
  return Buffer.byteLength(question) > mostBytes ? null : question
}

/** Some shells lose bytes that are no text in the locale of the sandbox, and all of them lose U+0000. */
function toShellText(bytes: Uint8Array): string | null {
  if (bytes.length > mostBytes || bytes.includes(0)) return null
  const text = Buffer.from(bytes).toString()
  return Buffer.from(text).equals(bytes) ? text : null
}

/** As one word without a line break, which `$newline` stands for. */
function quoteLine(text: string): string {
  return `'${text.replaceAll("'", `'\\''`).replaceAll('\n', `'"$newline"'`)}'`
}
