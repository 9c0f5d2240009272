import type { Ask, SandboxAccess } from './exchange.ts'
import { checkName, createAsk, isName } from './exchange.ts'
import { createFiles } from './files.ts'
import { HandsUnavailable } from './hands.ts'
import { beginInTime, inTime } from './in-time.ts'
import { createOutputs } from './outputs.ts'
import type { RunReason, RunRequest, RunResult, Sandbox } from './sandbox.ts'

/** Bytes of a command that travels as an argument: a third of what Linux allows one. */
const mostInline = 40_000
const mostTail = 16_384
const leastCap = 2_048

/** The text that process 1 of a sandbox runs to make the runner's folder; `bootId` is hexadecimal. */
export function prepareRunner(bootId: string): string {
  return `mkdir -p /run/longhand/calls && echo ${bootId} > /run/longhand/boot`
}

/** A sandbox over nothing but a way to start processes in it: claims, limits and results are kept inside. */
export function createRunner(access: SandboxAccess): Sandbox {
  const ask = createAsk(access)
  /** For what takes a moment: nothing that an agent does to its sandbox holds up who asks that. */
  const askInTime: Ask = (question) => beginInTime((signal) => ask({ ...question, signal }), 'gives no answer')

  async function cancel(id: string): Promise<void> {
    await askInTime({ verb: 'cancel', id })
  }

  async function busy(): Promise<boolean> {
    const { words } = await askInTime({ verb: 'busy', id: '-' })
    return words[0] === 'yes'
  }

  async function running(): Promise<readonly string[]> {
    const { stdout } = await askInTime({ verb: 'busy', id: '-' })
    return Buffer.from(stdout).toString().split('\n').filter(isName)
  }

  async function run(request: RunRequest): Promise<RunResult> {
    const { id, signal } = request
    const isLate = signal?.aborted === true
    if (isLate) await cancel(id)
    let cancelling: Promise<unknown> | undefined
    const givenUp = new AbortController()
    const outcome = startOrJoin((question) => ask({ ...question, ...(signal && { signal: givenUp.signal }) }), request)
    const expectEnd = (cancelled: Promise<void>) => {
      // What cannot be ended is not waited for either, nor what is ended and does not say so.
      cancelling = cancelled.then(() => inTime(outcome, 'does not tell of a command that was cancelled'))
      cancelling.catch((error: unknown) => givenUp.abort(error))
    }
    const stop = () => expectEnd(cancel(id))
    if (isLate) expectEnd(Promise.resolve())
    signal?.addEventListener('abort', stop, { once: true })
    try {
      return await outcome
    } finally {
      signal?.removeEventListener('abort', stop)
      await cancelling
    }
  }

  return { run, cancel, busy, running, ...createFiles(ask), ...createOutputs(ask) }
}

async function startOrJoin(ask: Ask, request: RunRequest): Promise<RunResult> {
  const { id, command, stdin, env } = request
  const text = Buffer.from(command)
  const bytes = Buffer.concat([text, stdin ?? new Uint8Array()])
  const isInline = stdin === undefined && bytes.length <= mostInline
  const cap = toBlocks(request.capBytes)
  const keep = Math.max(cap, toBlocks(request.keepBytes ?? 0))
  const queue = request.queue === undefined ? '' : checkName(request.queue)
  const limits = [request.timeoutMs / 1000, cap, tailOf(cap), keep, request.shell ?? 'sh', queue]
  const rest = [...limits, text.length, bytes.length, isInline ? command : '']
  const { words, stdout } = await ask({
    verb: 'run',
    id,
    rest,
    ...(isInline ? {} : { stdin: bytes }),
    ...(env && { env }),
  })
  return toRunResult(words, stdout)
}

function toBlocks(bytes: number): number {
  return Math.max(leastCap, bytes - (bytes % leastCap))
}

function tailOf(cap: number): number {
  return Math.min(mostTail, cap / 4)
}

/** `body` is the whole output, or its first `cap` bytes followed by the last `tailOf(cap)`. */
function toRunResult(words: readonly string[], body: Uint8Array): RunResult {
  const [code = 0, total = 0, cap = 0, first = 0, cleared = 0] = words.slice(1).map(Number)
  // The script knows no other words.
  const reason = words[0] as RunReason
  const base = { reason, code, first: first === 1, isCleared: cleared === 1 }
  if (reason === 'lost') return { ...base, output: new Uint8Array(), truncated: null }
  const tail = tailOf(cap)
  const expected = total <= cap ? total : cap + tail
  if (body.length !== expected) throw new HandsUnavailable(`expected ${expected} bytes of output, got ${body.length}`)
  if (total <= cap) return { ...base, output: body, truncated: null }
  const at = cap - tail
  const output = Buffer.concat([body.subarray(0, at), body.subarray(cap)])
  return { ...base, output, truncated: { at, bytes: total - cap } }
}
