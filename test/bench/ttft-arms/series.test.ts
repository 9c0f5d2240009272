import { describe, expect, test } from 'vitest'
import { cellOf, labelOf, savingOf, toSeries } from '../../../bench/ttft-arms/series.ts'
import { begun, cell, taken } from './builders.ts'

const samplesOf = (label: string, shaped: ReturnType<typeof toSeries>) =>
  shaped.series.find((each) => each.label === label)?.samples

describe('series of a place', () => {
  test('puts the rounds of a cell together, in their order, beside the arm that is first', () => {
    const shaped = toSeries([
      taken({ when: 'first', begun: [begun({ deltaMs: 900 })], provisionMs: [10] }),
      taken({ when: 'lazy', begun: [begun({ deltaMs: 300 })] }),
      taken({ when: 'first', begun: [begun({ deltaMs: 800 })] }),
      taken({ when: 'lazy', begun: [begun({ deltaMs: 200 })] }),
    ])
    expect(samplesOf(labelOf(cell({ when: 'first' })), shaped)).toEqual([900, 800])
    expect(shaped.series.find(({ label }) => label === labelOf(cell({ when: 'lazy' })))).toMatchObject({
      samples: [300, 200],
      baseline: labelOf(cell({ when: 'first' })),
      paired: true,
    })
  })

  test('counts a stream that was opened late by the model’s first byte and the others’ hop', () => {
    const shaped = toSeries([
      taken({
        when: 'lazy',
        begun: [
          begun({ firstByteMs: 100, deltaMs: 110 }),
          begun({ firstByteMs: 100, deltaMs: 130 }),
          begun({ firstByteMs: 200, deltaMs: null }),
        ],
      }),
    ])
    expect(samplesOf(labelOf(cell({ when: 'lazy' })), shaped)).toEqual([110, 130, 220])
    expect(shaped.late).toEqual([`${labelOf(cell({ when: 'lazy' }))}: 1 of 3`])
  })

  test('has the results of those that used a tool alone', () => {
    const shaped = toSeries([taken({ when: 'lazy', begun: [begun({ resultMs: 700 }), begun({ resultMs: null })] })])
    expect(samplesOf(`${labelOf(cell({ when: 'lazy' }))}, first result`, shaped)).toEqual([700])
  })

  test('has no results where every stream was opened behind them', () => {
    const shaped = toSeries([taken({ when: 'lazy', begun: [begun({ resultMs: null })] })])
    expect(shaped.series.map(({ label }) => label)).not.toContain(`${labelOf(cell({ when: 'lazy' }))}, first result`)
  })

  test('tells how long sandboxes took, and of many at once how many there were for a session', () => {
    const crowd = { crowd: 4, begun: [begun(), begun(), begun(), begun()] }
    const shaped = toSeries([
      taken({ ...crowd, when: 'first', provisionMs: [10, 20, 30, 40], sandboxes: 4 }),
      taken({ ...crowd, when: 'lazy', sandboxes: 1 }),
    ])
    expect(samplesOf('local, 4 at once: sandbox made', shaped)).toEqual([10, 20, 30, 40])
    expect(samplesOf('local, 4 at once: sandboxes for a session, first', shaped)).toEqual([1])
    expect(samplesOf('local, 4 at once: sandboxes for a session, lazy', shaped)).toEqual([0.25])
  })
})

describe('label of a cell', () => {
  test.each([cell({ crowd: 1 }), cell({ crowd: 20, place: 'Docker small', waitMs: 1_000, when: 'parallel' })])(
    'says of which cell it is: $place, $crowd',
    (each) => {
      expect(cellOf(labelOf(each))).toEqual(each)
    },
  )

  test('is no other row’s', () => {
    expect(cellOf('local, alone: sandbox made')).toBeNull()
    expect(cellOf(`${labelOf(cell())}, first result`)).toBeNull()
  })
})

describe('saving', () => {
  test('is by pairs for the middle, by percentiles for the rest', () => {
    const { p50, p95 } = savingOf({ ratio: 0.25, p95: 100 }, { p95: 1_000 })
    expect([p50, p95]).toEqual([0.75, 0.9])
  })
})
