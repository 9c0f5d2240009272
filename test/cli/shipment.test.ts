import { describe, expect, test } from 'vitest'
import Anthropic from '@anthropic-ai/sdk'
import { describeLedger, describeUploads, lookAtShipment } from '../../src/cli/shipment.ts'
import { createFakeStage } from './fake-stage.ts'

const client = new Anthropic({ apiKey: 'k' })

describe('a shipment', () => {
  test.each([
    ['before the sandbox', null, { ledger: 0, uploads: [], total: 0 }],
    ['before the command', '0\n', { ledger: 0, uploads: [], total: 0 }],
    ['under way', '1\nuploading 1/8\nuploading 2/8\n', { ledger: 1, uploads: [1, 2], total: 8 }],
    ['in the middle of a line', '1\nuploading 1/8\nuploading 2', { ledger: 1, uploads: [1], total: 8 }],
    ['run twice', '2\nuploading 1/8\nuploading 1/8\n', { ledger: 2, uploads: [1, 1], total: 8 }],
  ])('is read from what it left: %s', async (_when, said, shipment) => {
    const { stage } = createFakeStage({ client })
    expect(await lookAtShipment({ ...stage, look: async () => said }, 'sesn_1')).toEqual(shipment)
  })

  test.each([
    [[1, 2], 0, '1/8 … 2/8 …'],
    [[1, 2, 3], 2, '3/8 …'],
    [[1, 2, 3, 4, 5], 1, '2/8 … 5/8 …'],
    [[1, 2], 2, ''],
  ])('tells of uploads %j after the first %i', (uploads, from, told) => {
    expect(describeUploads({ ledger: 1, uploads, total: 8 }, from)).toBe(told)
  })

  test.each([
    [0, 'ledger.txt: 0 lines'],
    [1, 'ledger.txt: 1 line'],
    [2, 'ledger.txt: 2 lines'],
  ])('counts %i lines of its ledger', (ledger, told) => {
    expect(describeLedger({ ledger, uploads: [], total: 0 })).toBe(told)
  })
})
