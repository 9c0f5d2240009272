import { once } from 'node:events'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { toLine } from '../../../src/hands/docker/docker-line.ts'
import { openSocketPair } from './socket-pair.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** A connection to a daemon that says what `say` has it say; the container's status is `status`. */
async function build(statuses: (string | null)[], lookMs = 20) {
  const { socket, peer, close } = await openSocketPair()
  closing.push(close)
  const look = async () => (statuses.length > 1 ? (statuses.shift() ?? null) : (statuses[0] ?? null))
  return { line: toLine(socket, { look, lookMs }), peer, socket }
}

function frame(stream: number, text: string): Buffer {
  const header = Buffer.alloc(8)
  header[0] = stream
  header.writeUInt32BE(text.length, 4)
  return Buffer.concat([header, Buffer.from(text)])
}

describe('a line', () => {
  test('gives what is written to it to the process, and back what that says on stdout', async () => {
    const { line, peer } = await build(['running'])
    line.input.write('question')
    expect(String((await once(peer, 'data'))[0])).toBe('question')
    const frames = Buffer.concat([frame(1, 'one '), frame(2, 'aside'), frame(1, 'two')])
    for (const byte of frames) peer.write(Buffer.from([byte]))
    peer.end()
    let said = ''
    for await (const chunk of line.output) said += String(chunk)
    expect(said).toBe('one two')
  })

  test('ends with its connection', async () => {
    const { line, peer } = await build(['running'])
    const closed = once(line.output, 'close')
    peer.destroy()
    await closed
    expect(line.output.destroyed).toBe(true)
  })

  test.each([
    ['is gone', [null]],
    ['has stopped', ['exited']],
    ['is paused at the first look', ['paused']],
    ['stops later', ['running', 'paused', 'running', 'exited']],
    ['stays paused', ['running', 'paused']],
  ])('that is held is let go when the container %s', async (_, statuses) => {
    const { line } = await build(statuses)
    const closed = once(line.output, 'close')
    line.hold(true)
    await closed
    expect(line.output.destroyed).toBe(true)
  })

  test('that nobody waits for is not looked after', async () => {
    const { line, socket } = await build([null])
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
    closing.push(() => vi.useRealTimers())
    line.hold(true)
    expect(vi.getTimerCount()).toBe(2)
    line.hold(false)
    expect(vi.getTimerCount()).toBe(0)
    line.destroy()
    expect(socket.destroyed).toBe(true)
  })
})
