import type { Answer } from './exec.ts'
import type { Line } from './line.ts'

/** One resident, asked one question at a time. */
export interface Lane {
  /** Null when it died, or was done without having given an answer. */
  ask(request: LaneRequest): Promise<Answer | null>
  isOpen(): boolean
  /** Ends it behind what it does. */
  end(): void
}

export interface LaneRequest {
  /** Begins the line of the answer: of letters and digits, and told to nobody else before. */
  readonly mark: string
  /** Of the call, or `-`. */
  readonly id: string
  /** One line for the shell to evaluate. */
  readonly question: string
  /** Aborting it gives the resident up. */
  readonly signal?: AbortSignal | undefined
}

/** Far above any cap of the runner's: output and file contents together, of one answer. */
const mostBytes = 64 * 1024 * 1024
/** Longer than any line of an answer. */
const longestLine = 1024
const newline = 0x0a

export function createLane(line: Line): Lane {
  let isOpen = true
  let previous = ''
  let receive: (chunk: Buffer | null) => void = () => {}

  function close(): void {
    isOpen = false
    receive(null)
  }
  line.output.on('data', (chunk: Buffer) => receive(chunk))
  for (const event of ['end', 'error', 'close']) line.output.on(event, close)
  line.input.on('error', close)
  line.hold(false)

  return {
    isOpen: () => isOpen,

    end() {
      isOpen = false
      line.input.end()
    },

    async ask({ mark, id, question, signal }) {
      const stray = previous
      previous = mark
      line.hold(true)
      const said = await new Promise<Buffer | null>((resolve) => {
        receive = collect(mark, resolve)
        signal?.addEventListener('abort', () => resolve(null), { once: true })
        if (isOpen && !signal?.aborted) line.input.write(`${mark} ${id}\n${question}\n`)
        else resolve(null)
      })
      receive = () => {}
      line.hold(false)
      const answer = said && parse(said, mark, stray)
      if (said === null) {
        isOpen = false
        line.destroy()
      }
      return answer
    },
  }
}

/** Hands over all that came up to the line that begins with the mark; null when there will be none. */
function collect(mark: string, done: (said: Buffer | null) => void): (chunk: Buffer | null) => void {
  const chunks: Buffer[] = []
  let bytes = 0
  let end = Buffer.alloc(0)
  return (chunk) => {
    if (chunk === null) {
      done(null)
      return
    }
    chunks.push(chunk)
    bytes += chunk.length
    end = Buffer.concat([end, chunk.subarray(-longestLine)]).subarray(-longestLine)
    if (end.at(-1) === newline && end.includes(`\n${mark} `)) done(Buffer.concat(chunks))
    else if (bytes > mostBytes) done(null)
  }
}

/** `stray` is the mark of the question before: of a call that was killed behind its answer there is one line more. */
function parse(said: Buffer, mark: string, stray: string): Answer | null {
  const at = said.lastIndexOf(`\n${mark} `)
  const words = said
    .subarray(at + 1)
    .toString()
    .trimEnd()
    .split(' ')
    .slice(1)
  if (words[0] === 'end') return null
  const extra = Buffer.from(`\n${stray} end\n`)
  const from = stray !== '' && said.subarray(0, extra.length).equals(extra) ? extra.length : 0
  return { words, stdout: said.subarray(from, at) }
}
