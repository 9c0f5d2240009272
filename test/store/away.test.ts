import { describe, expect, test } from 'vitest'
import { StoreAway, isStoreAway } from '../../src/store/away.ts'

const coded = (code: string, message = 'inner words'): Error => Object.assign(new Error(message), { code })

describe('a store', () => {
  test.each([
    ['that nobody answers for', coded('ECONNREFUSED')],
    ['at an address without a name', coded('ENOTFOUND')],
    ['whose server shuts down', coded('57P01')],
    ['whose server starts', coded('57P03')],
    ['whose connections are all taken', coded('53300')],
    ['whose disk is full', coded('53100')],
    ['whose primary is gone', coded('25006')],
    ['that takes too long', coded('57014')],
    ['whose connection broke', new Error('Connection terminated unexpectedly')],
    ['whose pool is exhausted', new Error('timeout exceeded when trying to connect')],
    ['of blobs on a broken disk', new StoreAway('store: a blob could not be read: EIO')],
    ['at several addresses', Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' })],
  ])('%s is away', (_, error) => {
    expect(isStoreAway(error)).toBe(true)
  })

  test.each([
    ['refuses a row', coded('23505')],
    ['does not know a column', coded('42703')],
    ['is given a name that is none', new RangeError('expected the id of a session')],
    ['is not what failed', { code: 'ECONNREFUSED' }],
  ])('that %s is there', (_, error) => {
    expect(isStoreAway(error)).toBe(false)
  })
})
