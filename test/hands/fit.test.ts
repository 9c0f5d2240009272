import { describe, expect, test } from 'vitest'
import type { Unfitted } from '../../src/hands/fit.ts'
import { fit } from '../../src/hands/fit.ts'
import { FakeSandbox } from './fake-provider.ts'

const recipe = { image: 'sha256:1', files: [], repositories: [], supplies: 0 }
const made: Unfitted = {
  sessionId: 'sesn_1',
  hand: 'main',
  sandbox: new FakeSandbox(),
  cargo: null,
  image: 'sha256:1',
  before: { generation: 1, ending: { how: 'put away' } },
  recipe,
  read: null,
  stores: null,
  clone: null,
  signal: new AbortController().signal,
}

describe('a new sandbox', () => {
  test('of another image than the one before is told of', async () => {
    const { image, notes } = await fit({ ...made, image: 'sha256:2' })
    expect(image).toBe('sha256:2')
    expect(notes).toEqual([expect.stringContaining('made of another')])
  })

  test.each<[string, Partial<Unfitted>]>([
    ['the same image', {}],
    ['no image', { image: null }],
    ['an image, the first of its session', { image: 'sha256:2', before: null }],
    [
      'an image where none is known of the one before',
      { image: 'sha256:2', recipe: { files: [], repositories: [], supplies: 0 } },
    ],
  ])('of %s has nothing to be told of', async (_, given) => {
    expect((await fit({ ...made, ...given })).notes).toEqual([])
  })
})
