import { describe, expect, test } from 'vitest'
import { FrameWriter } from '../../src/api/frame-writer.ts'
import { createManualTimers } from '../support/manual-timers.ts'
import { FakeOutlet } from './fake-outlet.ts'

const KIB = 1024
const MIB = 1024 * KIB

function open() {
  const timers = createManualTimers()
  const outlet = new FakeOutlet()
  let overs = 0
  const over = (): void => void (overs += 1)
  const writer = new FrameWriter(outlet, { farewell: () => 'farewell', over, after: timers.after })
  return { writer, outlet, timers, overs: () => overs }
}

describe('a frame writer', () => {
  test('writes what it is given, and nothing for nothing', () => {
    const { writer, outlet } = open()
    for (const text of ['a', '', 'b']) writer.write(text)
    expect(outlet.written).toEqual(['a', 'b'])
  })

  test('knows a reader that is behind by what waits', () => {
    const { writer, outlet } = open()
    writer.write('x'.repeat(256 * KIB))
    expect(writer.isBehind).toBe(false)
    writer.write('x')
    expect(writer.isBehind).toBe(true)
    outlet.drain()
    expect(writer.isBehind).toBe(false)
  })

  test('says farewell to a reader for whom more than 8 MiB wait, and ends; what follows goes nowhere', () => {
    const { writer, outlet } = open()
    for (let mib = 0; mib < 8; mib++) writer.write('x'.repeat(MIB))
    expect(writer.isOver).toBe(false)
    writer.write('x')
    writer.write('y')
    writer.end()
    expect(writer.isOver).toBe(true)
    expect(outlet.written.slice(8)).toEqual(['x', 'farewell'])
    expect(outlet.done.slice(-2)).toEqual(['write', 'end'])
  })

  test('leaves a reader that does not take the end in three minutes', () => {
    const { writer, outlet, timers } = open()
    writer.write('a')
    writer.end()
    timers.advance(179_999)
    expect(outlet.done).toEqual(['write', 'end'])
    timers.advance(1)
    expect(outlet.done).toEqual(['write', 'end', 'destroy'])
    expect(timers.pending).toBe(0)
  })

  test('leaves alone a reader that has taken the end', () => {
    const { writer, outlet, timers } = open()
    writer.end()
    outlet.emit('close')
    timers.advance(600_000)
    expect(outlet.done).toEqual(['end'])
  })

  test('writes nothing to a reader that has left', () => {
    const { writer, outlet } = open()
    outlet.emit('close')
    writer.write('a')
    writer.end()
    expect([writer.isOver, outlet.done]).toEqual([true, []])
  })

  test.each([
    ['was ended', ({ writer }: ReturnType<typeof open>) => writer.end()],
    ['was cut off', ({ writer }: ReturnType<typeof open>) => writer.write('x'.repeat(9 * MIB))],
    ['was left', ({ outlet }: ReturnType<typeof open>) => outlet.emit('close')],
  ])('tells once that it %s', (_, finish) => {
    const opened = open()
    finish(opened)
    opened.writer.end()
    opened.outlet.emit('close')
    expect(opened.overs()).toBe(1)
  })

  test.each(['drain', 'close'] as const)('waits for its reader until %s', async (event) => {
    const { writer, outlet, timers } = open()
    writer.write('a')
    let isDrained = false
    const drained = writer.drained().then(() => (isDrained = true))
    await Promise.resolve()
    expect(isDrained).toBe(false)
    outlet.emit(event)
    await drained
    expect([timers.pending, outlet.listenerCount('drain')]).toEqual([0, 0])
  })

  test('does not wait when nothing waits, nor for one that has left', async () => {
    const { writer, outlet, timers } = open()
    await writer.drained()
    writer.write('a')
    outlet.emit('close')
    await writer.drained()
    expect(timers.pending).toBe(0)
  })

  test('waits three minutes for its reader and then says farewell', async () => {
    const { writer, outlet, timers } = open()
    writer.write('a')
    const drained = writer.drained()
    timers.advance(179_999)
    expect(outlet.written).toEqual(['a'])
    timers.advance(1)
    await drained
    expect(outlet.written).toEqual(['a', 'farewell'])
    expect([writer.isOver, outlet.listenerCount('drain')]).toEqual([true, 0])
  })
})
