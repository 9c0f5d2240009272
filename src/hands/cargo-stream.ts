import { parseAnswer, readScripts } from './exchange.ts'
import { CargoRefused } from './cargo.ts'
import { HandsUnavailable } from './hands.ts'
import { inTime } from './in-time.ts'
import type { Pipe } from './pipe.ts'
import { SandboxLost } from './sandbox.ts'

export interface CargoAccess {
  /** Starts `argv` in the sandbox. Rejects with `HandsUnavailable`. */
  readonly open: (argv: readonly string[]) => Promise<Pipe>
  /** Whether exactly this sandbox still lives. Asked when a script gave no answer. */
  readonly isAlive: () => Promise<boolean>
}

/** A function of cargo.sh and its arguments. */
export type CargoWords = readonly [verb: string, ...rest: (string | number)[]]

const script = readScripts('./processes.sh', './cargo.sh')

/**
 * What a script of the sandbox writes, as it comes. Ends well only with the script's own word for it: what breaks off
 * rejects, with `SandboxLost`, `HandsUnavailable` or `CargoRefused`.
 * @param done is told what stands behind that word.
 */
export async function* readCargo(
  access: CargoAccess,
  words: CargoWords,
  done: (rest: readonly string[]) => void = () => undefined,
): AsyncGenerator<Uint8Array, void> {
  const pipe = await start(access, words)
  try {
    const chunks = pipe.output[Symbol.asyncIterator]()
    for (;;) {
      const next = await inTime(Promise.resolve(chunks.next()).catch(nothing), 'gives nothing')
      if (next.done) break
      // No encoding is set on it: it gives buffers.
      yield next.value as Buffer
    }
    done(await conclude(access, pipe))
  } finally {
    pipe.destroy()
  }
}

/** All of it, of which there must not be more than `most` bytes. */
export async function readWhole(access: CargoAccess, words: CargoWords, most: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of readCargo(access, words)) {
    bytes += chunk.length
    if (bytes > most) throw new CargoRefused(`expected at most ${most} bytes of ${words[0]}`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/**
 * Gives a script what it asks for, if it does, and `mark` behind it: without that, what was sent was cut off. Rejects as
 * `source` does, and as {@link readCargo}.
 */
export async function giveCargo(
  access: CargoAccess,
  words: CargoWords,
  { source, mark = '' }: { readonly source: () => AsyncIterable<Uint8Array>; readonly mark?: string },
): Promise<void> {
  const pipe = await start(access, words)
  // A process that ended does not take what is on its way: its answer tells why.
  pipe.input.on('error', () => {})
  try {
    const isAsked = new Promise<boolean>((resolve) => {
      pipe.output.once('data', () => resolve(true))
      pipe.output.once('close', () => resolve(false))
    })
    if (await inTime(isAsked, 'asks for nothing')) {
      for await (const chunk of source()) if (!(await send(pipe, chunk))) break
      pipe.input.end(mark)
    }
    await conclude(access, pipe)
  } finally {
    pipe.destroy()
  }
}

/** A process that cannot be started may be one of a sandbox that is gone. */
async function start({ open, isAlive }: CargoAccess, words: CargoWords): Promise<Pipe> {
  try {
    return await open(['sh', '-c', script, 'cargo', ...words.map(String)])
  } catch (error) {
    if (!(error instanceof HandsUnavailable) || (await isAlive())) throw error
    throw new SandboxLost('the sandbox has ended', { cause: error })
  }
}

async function conclude({ isAlive }: CargoAccess, pipe: Pipe): Promise<readonly string[]> {
  const said = await inTime(pipe.said, 'does not end')
  const [word, ...rest] = parseAnswer(said) ?? []
  if (word === 'done') return rest
  if (word === 'refused') throw new CargoRefused(rest.join(' ').trim())
  if (!(await isAlive())) throw new SandboxLost('the sandbox has ended')
  const last = said.trim().slice(-500)
  throw new HandsUnavailable(`the sandbox lives but gives no answer${last === '' ? '' : `: ${last}`}`)
}

/** False when the process takes no more. */
async function send({ input, said }: Pipe, chunk: Uint8Array): Promise<boolean> {
  if (!input.writable) return false
  if (input.write(chunk)) return true
  const drained = new Promise<boolean>((resolve) => {
    const settle = () => {
      input.off('drain', settle)
      input.off('close', settle)
      resolve(input.writable)
    }
    input.on('drain', settle)
    input.on('close', settle)
    void said.then(settle)
  })
  return inTime(drained, 'takes nothing')
}

/** A connection that broke: what an answer needs is missing, and that is all there is to know. */
function nothing(): IteratorReturnResult<undefined> {
  return { done: true, value: undefined }
}
