import { describe, expect, test } from 'vitest'
import { afterWords, leastUsage, sizeOf } from '../../src/session/estimate.ts'
import { fold } from '../../src/session/fold.ts'
import { ACCOUNTING, confirm, emptyState } from '../support/session-builders.ts'

describe('the size of a request', () => {
  test('grows by the characters of texts, here and elsewhere, and not by images', () => {
    const blobs = [
      { path: ['content', 2, 'text'], sha256: 'a', length: 4000 },
      { path: ['content', 3, 'source', 'data'], sha256: 'b', length: 9000 },
    ]
    const size = afterWords(sizeOf({}), [{ type: 'text', text: 'eight ch' }, { type: 'image' }], blobs)
    expect(leastUsage(size)).toMatchObject({ input_tokens: 1002, cache_read_input_tokens: 0 })
  })

  test('stays when something leaves the queue that the model is not told', () => {
    const queued = emptyState({ accounting: ACCOUNTING, queue: [{ ...confirm('c1', 'a'), id: 'c1' }] })
    const { queue, size } = fold(queued, { type: 'log.mark', id: 'c1' })
    expect({ queue, size }).toEqual({ queue: [], size: undefined })
  })
})
