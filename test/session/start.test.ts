import { describe, expect, test } from 'vitest'
import { startingState } from '../../src/session/start.ts'
import { initialState } from '../../src/session/state.ts'

describe('a starting state', () => {
  test('takes title, metadata and configuration from the input', () => {
    const input = { title: 't', metadata: { a: '1' }, configuration: { id: 'cfg_1', agentName: 'n' }, events: [] }
    expect(startingState(input)).toEqual(initialState({ title: 't', metadata: { a: '1' }, configuration: 'cfg_1' }))
  })

  test.each<{ name: string; input: unknown }>([
    { name: 'nothing', input: undefined },
    { name: 'null', input: null },
    { name: 'text', input: 'hello' },
    { name: 'an empty object', input: {} },
    { name: 'other shapes', input: { title: 7, metadata: 'none', configuration: 'cfg_1' } },
    { name: 'nulls', input: { title: null, metadata: null, configuration: { id: 5 } } },
    { name: 'what could not be decoded', input: { undecodable: 'Error' } },
  ])('is empty for $name', ({ input }) => {
    expect(startingState(input)).toEqual(initialState({ title: null, metadata: {}, configuration: null }))
  })

  test('leaves out metadata that is no text', () => {
    expect(startingState({ metadata: { a: '1', b: 2, c: null } }).metadata).toEqual({ a: '1' })
  })
})
