import { afterAll, beforeAll } from 'vitest'
import type { Yard, YardOptions } from './yard.ts'
import { openYard } from './yard.ts'

/** Of its start on a busy machine, and of its end. */
const LIMIT_MS = 240_000

/** One yard for the tests of a file, or of a describe. */
export function useYard(options: YardOptions = {}): () => Yard {
  let yard: Yard | undefined
  beforeAll(async () => {
    yard = await openYard(options)
  }, LIMIT_MS)
  afterAll(() => yard?.[Symbol.asyncDispose](), LIMIT_MS)
  return () => {
    if (!yard) throw new Error('expected the yard to be used inside a test')
    return yard
  }
}
