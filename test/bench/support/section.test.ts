import { describe, expect, test } from 'vitest'
import { toResult } from '../../../bench/support/result.ts'
import { format, toSection } from '../../../bench/support/section.ts'

const prose = { name: 'some', title: 'Some', question: 'How long?', method: 'With a clock.', limits: 'One clock.' }
const machine = { cpu: 'some', cores: 2, memoryGiB: 8, system: 'Linux', node: 'v20' }

describe('section', () => {
  test('shows each row with its figures, baseline, ratio and aim, and the run’s notes', () => {
    const load = { before: 0.5, after: 1 }
    const about = { name: 'some', date: '2026-01-02T03:04:05Z', seconds: 12.3, machine, load, flags: ['a=b'] }
    const aims = [{ of: 'p50', atMost: 10 }] as const
    const series = [
      { label: 'ours', unit: 'ms', samples: [12.34], baseline: 'bare', aims },
      { label: 'bare', unit: 'ms', samples: [4] },
    ] as const
    const section = toSection(prose, toResult({ ...about, series, notes: ['docker: skipped'] }))
    const rows = section.replaceAll(/ +/g, ' ')
    expect(rows).toContain('| ours, ms | 1 | 12.3 | 12.3 | 12.3 | bare | 3.08 | p50 ≤ 10 | no |')
    expect(rows).toContain('| bare, ms | 1 | 4 | 4 | 4 | | | | |')
    expect(section).toContain('- docker: skipped')
    expect(section).toContain('Measured 2026-01-02 in 12 s on 2 cores of some')
    expect(section).toContain('`a=b`')
  })

  test.each([
    { value: 12, text: '12' },
    { value: 0.123, text: '0.12' },
    { value: 12.345, text: '12.3' },
    { value: 1234.5, text: '1235' },
    { value: -2.5, text: '-2.50' },
  ])('writes $value as $text', ({ value, text }) => {
    expect(format(value)).toBe(text)
  })
})
