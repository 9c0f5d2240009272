import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { describe, expect, test, vi } from 'vitest'
import { createLanes, createLanesByName, toQuestion } from '../../src/hands/lanes.ts'
import type { Line } from '../../src/hands/line.ts'

interface FakeLine extends Line {
  readonly input: PassThrough
  readonly output: PassThrough
  readonly held: boolean[]
  isDestroyed: boolean
}

type Say = (line: FakeLine, question: { mark: string; id: string; text: string }) => void

/** Residents that say what `say` has them say for each question. */
function build(say: Say) {
  const lines: FakeLine[] = []
  const open = async () => {
    const line: FakeLine = {
      input: new PassThrough(),
      output: new PassThrough(),
      held: [],
      isDestroyed: false,
      hold: (isHeld) => void line.held.push(isHeld),
      destroy: () => void (line.isDestroyed = true),
    }
    let heard = ''
    line.input.setEncoding('utf8').on('data', (chunk: string) => {
      heard += chunk
      const [first = '', text, ...rest] = heard.split('\n')
      if (text === undefined || rest.length === 0) return
      heard = rest.join('\n')
      const [mark = '', id = ''] = first.split(' ')
      say(line, { mark, id, text })
    })
    lines.push(line)
    return line
  }
  return { lines, open, lanes: createLanes({ open, idleMs: 1_000 }) }
}

const answer: Say = (line, { mark, id }) => line.output.write(`body of ${id}\n${mark} exit 0\n`)
const ask = (lanes: ReturnType<typeof createLanes>, id = 'a') => lanes.ask(['run', 'b00', id], {})
const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString()

describe('lanes', () => {
  test('ask one resident after the other question, and hold the process only for an answer', async () => {
    const { lanes, lines } = build(answer)
    for (const id of ['a', 'b']) {
      const said = await ask(lanes, id)
      expect([said?.words, text(said?.stdout)]).toEqual([['exit', '0'], `body of ${id}`])
    }
    expect(lines.map(({ held }) => held)).toEqual([[false, true, false, true, false]])
  })

  test('ask as many residents as there are questions at once, and keep four', async () => {
    const waiting: (() => void)[] = []
    const { lanes, lines } = build((line, question) => waiting.push(() => answer(line, question)))
    const asked = Array.from({ length: 6 }, (_, n) => ask(lanes, `q${n}`))
    await expect.poll(() => waiting.length).toBe(6)
    for (const say of waiting) say()
    expect((await Promise.all(asked)).map((said) => text(said?.stdout))).toEqual(
      Array.from({ length: 6 }, (_, n) => `body of q${n}`),
    )
    expect(lines.filter(({ input }) => input.writableEnded)).toHaveLength(2)
  })

  test('take an answer in any pieces, with anything in its body', async () => {
    const body = Buffer.concat([
      Buffer.from('\nlonghand: exit\n\n'),
      Buffer.from([0, 255, 10]),
      Buffer.alloc(5_000, 'x'),
    ])
    const { lanes } = build((line, { mark }) => {
      for (const byte of body.subarray(0, 40)) line.output.write(Buffer.from([byte]))
      line.output.write(body.subarray(40))
      for (const byte of `\n${mark} exit 7 5019\n`) line.output.write(byte)
    })
    const said = await ask(lanes)
    expect(said?.words).toEqual(['exit', '7', '5019'])
    expect(body.equals(said?.stdout ?? Buffer.alloc(0))).toBe(true)
  })

  test('leave out what came of a call that was killed behind its answer', async () => {
    const { lanes } = build((line, question) => {
      answer(line, question)
      line.output.write(`\n${question.mark} end\n`)
    })
    await ask(lanes, 'a')
    const said = await ask(lanes, 'b')
    expect([said?.words, text(said?.stdout)]).toEqual([['exit', '0'], 'body of b'])
  })

  test.each<[string, Say, number]>([
    ['ends without an answer', (line, { mark }) => line.output.write(`half\n${mark} end\n`), 1],
    ['dies', (line) => line.output.end('half'), 2],
    ['breaks off', (line) => line.output.destroy(new Error('reset')), 2],
    ['says without end', (line) => void line.output.write(Buffer.alloc(65 * 1024 * 1024)), 2],
  ])('have no answer of a resident that %s', async (_, say, opened) => {
    let isFirst = true
    const { lanes, lines } = build((line, question) => {
      if (!isFirst) return answer(line, question)
      isFirst = false
      say(line, question)
    })
    expect(await ask(lanes)).toBeNull()
    expect((await ask(lanes))?.words).toEqual(['exit', '0'])
    expect(lines).toHaveLength(opened)
  })

  test('let go of a resident whose question is given up', async () => {
    const over = new AbortController()
    const { lanes, lines } = build(() => over.abort())
    const options = { signal: over.signal }
    expect(await lanes.ask(['busy', 'b00', '-'], options)).toBeNull()
    expect(lines.map(({ isDestroyed }) => isDestroyed)).toEqual([true])
    expect(await lanes.ask(['busy', 'b00', '-'], options)).toBeNull()
  })

  test('pass over a resident that died while it waited', async () => {
    const { lanes, lines } = build(answer)
    await ask(lanes)
    const [line] = lines
    const closed = line && once(line.output, 'close')
    line?.output.destroy()
    await closed
    expect((await ask(lanes))?.words).toEqual(['exit', '0'])
    expect(lines).toHaveLength(2)
  })

  test('have no answer when no resident can be started', async () => {
    expect(await ask(createLanes({ open: () => Promise.reject(new Error('no daemon')) }))).toBeNull()
  })

  test('end a resident that has nothing to do for its time', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const { lanes, lines } = build(answer)
      await ask(lanes)
      vi.advanceTimersByTime(999)
      await ask(lanes)
      vi.advanceTimersByTime(999)
      expect(lines[0]?.input.writableEnded).toBe(false)
      vi.advanceTimersByTime(1)
      expect(lines[0]?.input.writableEnded).toBe(true)
      expect(lanes.isEmpty()).toBe(true)
    } finally {
      vi.useRealTimers()
    }
  })

  test('end what waits when they are closed, and what is at a call behind it', async () => {
    let say = () => {}
    const { lanes, lines } = build((line, question) => {
      if (question.id === 'slow') say = () => answer(line, question)
      else answer(line, question)
    })
    const slow = ask(lanes, 'slow')
    await ask(lanes)
    lanes.close()
    expect(lines.map(({ input }) => input.writableEnded)).toEqual([false, true])
    say()
    expect((await slow)?.words).toEqual(['exit', '0'])
    expect(lines[0]?.input.writableEnded).toBe(true)
    expect(await ask(lanes)).toBeNull()
  })

  test('of one sandbox are the same until they are closed, and forgotten ones begin anew', async () => {
    const { open } = build(answer)
    const names = createLanesByName()
    const lanes = names.of('a', open)
    expect(names.of('a', open)).toBe(lanes)
    for (let n = 0; n < 300; n++) names.of(`b${n}`, open)
    expect(names.of('a', open)).not.toBe(lanes)
    names.close('a')
    expect(await ask(names.of('a', open))).not.toBeNull()
  })
})

describe('a question', () => {
  test('is one line of words, with what it is given and its environment', () => {
    const question = toQuestion(['run', 'b', `it's\nso`], { stdin: Buffer.from('in\n'), env: { A: "'" } })
    expect(question).toBe(`given='in'"$newline"''; export A=''\\'''; serve 'run' 'b' 'it'\\''s'"$newline"'so'`)
  })

  test.each([
    ['U+0000 in a word', ['a\0b'], {}],
    ['U+0000 in what is given', ['a'], { stdin: Buffer.from('a\0') }],
    ['bytes that are no text', ['a'], { stdin: Buffer.from([0x61, 0xff]) }],
    ['more than the shell reads in a moment', ['a'.repeat(49_152)], {}],
    ['much to be given', ['a'], { stdin: Buffer.alloc(50_000, 'x') }],
  ])('is none with %s', (_, words, options) => {
    expect(toQuestion(words, options)).toBeNull()
  })
})
