import { describe, expect, test } from 'vitest'
import type { StreamedEvent } from '../../src/cli/follow.ts'
import { createPreviewer } from '../../src/cli/preview.ts'
import { delta, running, says } from './events.ts'

interface Shown {
  readonly written: string
  /** Types of the events that are left to tell. */
  readonly left: readonly string[]
}

function show(...events: readonly object[]): Shown {
  let written = ''
  const preview = createPreviewer((text) => void (written += text))
  // The builders make what the wire carries; the SDK's union has more fields than a reader looks at.
  const left = events.filter((event) => !preview(event as StreamedEvent)).map((event) => (event as StreamedEvent).type)
  return { written, left }
}

const start = { type: 'event_start', event: { type: 'agent.message', id: 'a' } }

describe('the words of an agent', () => {
  test('are shown as they come, and the whole message is not told again', () => {
    expect(show(running, start, delta('a', 'Hello '), delta('a', 'there.'), says('a', 'Hello there.'))).toEqual({
      written: 'agent   Hello there.\n',
      left: ['session.status_running'],
    })
  })

  test('are indented below each other', () => {
    expect(show(delta('a', 'one\n'), delta('a', '\ntwo'), says('a', 'one\n\ntwo')).written).toBe(
      'agent   one\n        \n        two\n',
    )
  })

  test('begin a line with each block of the message', () => {
    const second = { ...delta('a', 'two'), delta: { index: 1, content: { type: 'text', text: 'two' } } }
    const whole = { ...says('a', ''), content: ['one', 'two'].map((text) => ({ type: 'text', text })) }
    expect(show(delta('a', 'one'), second, whole)).toEqual({ written: 'agent   one\n        two\n', left: [] })
  })

  test('are completed by the message when the last pieces did not come', () => {
    expect(show(delta('a', 'Hello '), says('a', 'Hello there.'))).toEqual({
      written: 'agent   Hello there.\n',
      left: [],
    })
  })

  test('give way to the message when it came out otherwise', () => {
    expect(show(delta('a', 'Hullo'), says('a', 'Hello there.'))).toEqual({
      written: 'agent   Hullo\n',
      left: ['agent.message'],
    })
  })

  test('are begun again when the model is asked again', () => {
    expect(show(delta('a', 'Hel'), delta('b', 'Hello.'), says('b', 'Hello.'))).toEqual({
      written: 'agent   Hel\nagent   Hello.\n',
      left: [],
    })
    expect(show(delta('a', 'Hel'), running, says('b', 'Hello.'))).toEqual({
      written: 'agent   Hel\n',
      left: ['session.status_running', 'agent.message'],
    })
  })

  test('cannot play with the terminal', () => {
    expect(show(delta('a', '\u001b[2Jgone\u0007'), says('a', '\u001b[2Jgone\u0007')).written).toBe('agent   [2Jgone\n')
  })
})
