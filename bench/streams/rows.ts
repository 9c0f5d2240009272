import type { Aim, Series } from '../support/result.ts'
import type { Faults } from './judge.ts'
import type { Finding, Traffic } from './stage.ts'

/** The rows of one kind of traffic, each beside the raw server's. */
export function toSeries({ name, ours, raw }: Finding): readonly Series[] {
  function rows(what: string, sample: (traffic: Traffic) => readonly number[], rest: Rest): readonly Series[] {
    const label = `${name}: ${what}`
    const alone = `${label}, Node alone`
    const own = { label, samples: sample(ours), baseline: alone, ...rest }
    // Where nothing was delivered there is no figure; the note says so and the row of gaps counts it.
    return own.samples.length === 0 ? [] : [own, { label: alone, samples: sample(raw), unit: rest.unit }]
  }
  const least = (atMost: number): readonly Aim[] => [{ of: 'p50', atMost }]
  const shared = [
    ...rows('first reader → reader', ({ report }) => report.spread, { unit: 'ms' }),
    ...rows('CPU per 1,000 deliveries', ({ cpuMs }) => [cpuMs], { unit: 'ms' }),
  ]
  return [
    ...rows('made → read', ({ report }) => report.latency, { unit: 'ms', aims: [{ of: 'p99', atMost: 250 }] }),
    ...(isShared(ours) ? shared : []),
    ...rows('memory of an open stream', ({ memory }) => [memory.open], { unit: 'KiB', aims: least(30) }),
    ...rows('memory held after the traffic', ({ memory }) => [memory.held], { unit: 'KiB', aims: least(30) }),
    {
      label: `${name}: gaps, doubles, misplaced`,
      unit: 'count',
      samples: [countFaults(ours.report.faults)],
      aims: least(0),
    },
  ]
}

type Rest = Pick<Series, 'unit' | 'aims'>

/** Whether several readers had the same: alone, each is its own first reader. */
function isShared({ report }: Traffic): boolean {
  return report.spread.some((ms) => ms > 0)
}

function countFaults({ gaps, doubles, misplaced }: Faults): number {
  return gaps + doubles + misplaced
}

/** What the rows do not say: rates, counts, streams that broke. */
export function toNotes({ name, perSecond, ours, raw }: Finding): readonly string[] {
  const { deliveries, faults, shed, broken } = ours.report
  const counted = `${deliveries} deliveries of ${perSecond.toFixed(0)} made a second, ${raw.report.deliveries} of Node alone`
  const found = `${faults.gaps} gaps, ${faults.doubles} doubles, ${faults.misplaced} misplaced, ${shed} shed`
  const ended = `${broken.length} streams ended by themselves${broken.length > 0 ? `, the first: ${broken[0]}` : ''}`
  return [`${name}: ${counted}; ${found}; ${ended}; RSS after the traffic +${ours.memory.rss.toFixed(0)} KiB a stream.`]
}
