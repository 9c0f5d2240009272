import { PassThrough } from 'node:stream'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { CargoRefused } from '../../src/hands/cargo.ts'
import type { CargoWords } from '../../src/hands/cargo-stream.ts'
import { giveCargo, readCargo, readWhole } from '../../src/hands/cargo-stream.ts'
import { HandsUnavailable } from '../../src/hands/hands.ts'
import type { Pipe } from '../../src/hands/pipe.ts'
import { SandboxLost } from '../../src/hands/sandbox.ts'
import { gather, inPieces } from './tar-builders.ts'

const words: CargoWords = ['verb']
const untouched = (): never => {
  throw new Error('expected the source to be left alone')
}

afterEach(() => vi.useRealTimers())

/** A process that a test plays: `end` is its end, with what it says on stderr. */
function build({ isAlive = true } = {}) {
  const input = new PassThrough({ highWaterMark: 4 })
  const output = new PassThrough()
  let say: (text: string) => void = () => {}
  let isReleased = false
  const said = new Promise<string>((resolve) => (say = resolve))
  const pipe: Pipe = { input, output, said, destroy: () => void (isReleased = true) }
  return {
    access: { open: async () => pipe, isAlive: async () => isAlive },
    input,
    output,
    end(text: string) {
      output.end()
      say(text)
    },
    isReleased: () => isReleased,
  }
}

describe('reading from a sandbox', () => {
  test('gives what is written, and ends well with the script’s word for it', async () => {
    const { access, output, end, isReleased } = build()
    output.write('one ')
    output.write('two')
    end('tar: file changed\nlonghand: done 1\n')
    let rest: readonly string[] = []
    expect((await gather(readCargo(access, words, (said) => void (rest = said)))).toString()).toBe('one two')
    expect([isReleased(), rest]).toEqual([true, ['1']])
  })

  test.each([
    ['is refused', 'longhand: refused no space left\n', true, CargoRefused, 'no space left'],
    ['breaks off', 'sh: killed', true, HandsUnavailable, 'gives no answer: sh: killed'],
    ['breaks off with its sandbox', '', false, SandboxLost, 'has ended'],
  ])('rejects what %s', async (_, said, isAlive, kind, message) => {
    const { access, output, end } = build({ isAlive })
    output.write('half')
    end(said)
    const reading = gather(readCargo(access, words))
    await expect(reading).rejects.toThrow(kind)
    await expect(reading).rejects.toThrow(message)
  })

  test('lets go of a process that nobody reads on from', async () => {
    const { access, output, isReleased } = build()
    output.write('one')
    for await (const chunk of readCargo(access, words)) if (chunk.length > 0) break
    expect(isReleased()).toBe(true)
  })

  test('lets go of a process that gives nothing for half a minute', async () => {
    vi.useFakeTimers()
    const { access, isReleased } = build()
    const reading = gather(readCargo(access, words))
    // Read below, when the time has passed.
    reading.catch(() => {})
    await vi.advanceTimersByTimeAsync(30_000)
    await expect(reading).rejects.toThrow('the sandbox gives nothing for 30000 ms')
    expect(isReleased()).toBe(true)
  })

  test('gathers no more than is allowed', async () => {
    const { access, output, end } = build()
    output.write('12345')
    end('longhand: done\n')
    await expect(readWhole(access, words, 4)).rejects.toThrow('expected at most 4 bytes of verb')
  })

  test('tells of a sandbox that is gone when no process can be started', async () => {
    const gone = { open: async () => Promise.reject(new HandsUnavailable('no such container')) }
    await expect(gather(readCargo({ ...gone, isAlive: async () => false }, words))).rejects.toThrow(SandboxLost)
    await expect(gather(readCargo({ ...gone, isAlive: async () => true }, words))).rejects.toThrow('no such container')
  })
})

describe('giving to a sandbox', () => {
  test('sends what is asked for, and the mark behind it', async () => {
    const { access, input, output, end } = build()
    output.write('ready\n')
    const taken = gather(input)
    const given = giveCargo(access, words, { source: () => inPieces(Buffer.from('0123456789'), 3), mark: '.' })
    expect((await taken).toString()).toBe('0123456789.')
    end('longhand: done\n')
    await given
  })

  test('leaves a source alone that nobody asks for', async () => {
    const { access, end, isReleased } = build()
    end('longhand: done\n')
    await giveCargo(access, words, { source: untouched })
    expect(isReleased()).toBe(true)
  })

  test('rejects as its source does, without the mark', async () => {
    const { access, input, output, isReleased } = build()
    output.write('ready\n')
    async function* broken() {
      yield Buffer.from('ab')
      throw new Error('damaged')
    }
    await expect(giveCargo(access, words, { source: broken, mark: '.' })).rejects.toThrow('damaged')
    expect(String(input.read())).toBe('ab')
    expect(isReleased()).toBe(true)
  })

  test('reads no more of its source when the process has ended', async () => {
    const { access, input, output, end } = build()
    output.write('ready\n')
    let pieces = 0
    async function* endless() {
      for (;;) {
        pieces++
        yield Buffer.from('0123456789')
      }
    }
    const given = giveCargo(access, words, { source: endless })
    await expect.poll(() => pieces).toBeGreaterThan(0)
    input.destroy()
    end('longhand: refused the disk is full\n')
    await expect(given).rejects.toThrow('the disk is full')
    const seen = pieces
    await new Promise((resolve) => setImmediate(resolve))
    expect(pieces).toBe(seen)
  })

  test.each([
    ['asks for nothing', false],
    ['takes nothing', true],
  ])('lets go of a process that %s for half a minute', async (what, isAsked) => {
    vi.useFakeTimers()
    const { access, output, isReleased } = build()
    if (isAsked) output.write('ready\n')
    const given = giveCargo(access, words, { source: () => inPieces(Buffer.alloc(100), 50) })
    // Read below, when the time has passed.
    given.catch(() => {})
    await vi.advanceTimersByTimeAsync(30_000)
    await expect(given).rejects.toThrow(`the sandbox ${what} for 30000 ms`)
    expect(isReleased()).toBe(true)
  })
})
