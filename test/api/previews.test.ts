import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FramedBatch } from '../../src/api/preview-feed.ts'
import type { Previews } from '../../src/api/previews.ts'
import { createPreviews } from '../../src/api/previews.ts'
import type { PreviewedType } from '../../src/store/deltas.ts'

const BOTH = ['agent.message', 'agent.thinking'] as const

interface Place {
  readonly activity?: string
  readonly attempt?: number
  readonly run?: string
}

/** A batch whose frames say where they come from: activity, attempt and number. */
function batch(seq: number, { activity = 'a', attempt = 1, run = 'run-1' }: Place = {}): FramedBatch {
  const name = `${activity}${attempt}.${seq}`
  const frames = [
    { of: 'agent.message', frame: name },
    ...(seq === 0 ? [{ of: 'agent.thinking', frame: `${name} thinks` } as const] : []),
  ] as const
  return { session: 'sesn_1', run, activity, attempt, seq, frames }
}

type Step =
  | FramedBatch
  | { readonly is: 'scheduled' | 'over'; readonly activity: string; readonly run?: string }
  | 'shed'

const scheduled = (activity = 'a'): Step => ({ is: 'scheduled', activity })
const over = (activity = 'a'): Step => ({ is: 'over', activity })

function take(previews: Previews, step: Step): readonly string[] {
  if (step === 'shed') {
    previews.shed()
    return []
  }
  return 'is' in step ? previews.follow([{ run: 'run-1', ...step }]) : previews.arrive(step)
}

function shown(steps: readonly Step[], wanted: readonly PreviewedType[] = ['agent.message']): readonly string[] {
  const previews = createPreviews(new Set(wanted))
  return steps.flatMap((step) => take(previews, step))
}

describe('a stream’s previews', () => {
  test('of a call whose beginning and end the stream has shown in one go are not shown behind its event', () => {
    const previews = createPreviews(new Set(BOTH))
    expect(previews.arrive(batch(0))).toEqual([])
    const call = { run: 'run-1', activity: 'a' }
    expect(
      previews.follow([
        { ...call, is: 'scheduled' },
        { ...call, is: 'over' },
      ]),
    ).toEqual([])
    expect(previews.arrive(batch(1))).toEqual([])
  })

  test.each<{ name: string; steps: readonly Step[]; frames: readonly string[] }>([
    {
      name: 'go on as they come while their call runs',
      steps: [scheduled(), batch(0), batch(1), batch(2)],
      frames: ['a1.0', 'a1.1', 'a1.2'],
    },
    {
      name: 'wait until the stream has shown that their call was scheduled',
      steps: [batch(0), batch(1), scheduled(), batch(2)],
      frames: ['a1.0', 'a1.1', 'a1.2'],
    },
    { name: 'of a call that was under way before are not shown', steps: [batch(3), batch(4), over()], frames: [] },
    { name: 'begin only with the first batch', steps: [scheduled(), batch(1), batch(2), batch(0)], frames: [] },
    { name: 'end at a gap', steps: [scheduled(), batch(0), batch(2), batch(1), batch(3)], frames: ['a1.0'] },
    {
      name: 'show a repeated batch once',
      steps: [scheduled(), batch(0), batch(0), batch(1), batch(0)],
      frames: ['a1.0', 'a1.1'],
    },
    {
      name: 'begin anew with another attempt',
      steps: [scheduled(), batch(0), batch(1), batch(0, { attempt: 2 }), batch(1, { attempt: 2 })],
      frames: ['a1.0', 'a1.1', 'a2.0', 'a2.1'],
    },
    {
      name: 'show nothing of an attempt after a later one has begun',
      steps: [scheduled(), batch(0, { attempt: 2 }), batch(0), batch(1), batch(1, { attempt: 2 })],
      frames: ['a2.0', 'a2.1'],
    },
    {
      name: 'show nothing of a later attempt whose first batch was lost',
      steps: [scheduled(), batch(0), batch(1, { attempt: 2 }), batch(1), batch(2, { attempt: 2 })],
      frames: ['a1.0'],
    },
    {
      name: 'are over with their call',
      steps: [scheduled(), batch(0), over(), batch(1), batch(0, { attempt: 2 })],
      frames: ['a1.0'],
    },
    {
      name: 'that were held are gone when their call is over',
      steps: [batch(0), over(), scheduled()],
      frames: [],
    },
    {
      name: 'of a call may overtake the end of the one before',
      steps: [scheduled(), batch(0), batch(0, { activity: 'b' }), over(), scheduled('b'), batch(1, { activity: 'b' })],
      frames: ['a1.0', 'b1.0', 'b1.1'],
    },
    {
      name: 'of another run are not mistaken for this one’s',
      steps: [scheduled(), batch(0, { run: 'run-0' })],
      frames: [],
    },
    {
      name: 'stop where they are shed, and the next attempt is shown again',
      steps: [scheduled(), batch(0), 'shed', batch(1), batch(0, { attempt: 2 })],
      frames: ['a1.0', 'a2.0'],
    },
    {
      name: 'that were held are shed too',
      steps: [batch(0), 'shed', scheduled(), batch(1)],
      frames: [],
    },
    {
      name: 'are held up to 32, the newest',
      steps: [
        ...Array.from({ length: 40 }, (_, seq) => batch(seq, { activity: 'old' })),
        batch(0),
        scheduled('old'),
        scheduled(),
      ],
      frames: ['a1.0'],
    },
  ])('$name', ({ steps, frames }) => {
    expect(shown(steps)).toEqual(frames)
  })

  test.each([
    [['agent.message'], ['a1.0', 'a1.1']],
    [['agent.thinking'], ['a1.0 thinks']],
    [BOTH, ['a1.0', 'a1.0 thinks', 'a1.1']],
  ] as const)('are of the types that were asked for: %j', (wanted, frames) => {
    expect(shown([scheduled(), batch(0), batch(1)], wanted)).toEqual(frames)
  })

  /** What happens to a session of two calls, the first of which is tried several times. */
  const LOG: readonly Step[] = [scheduled('a'), over('a'), scheduled('b'), over('b')]
  const SENT = [1, 2, 3]
    .flatMap((attempt) => Array.from({ length: 4 }, (_, seq) => batch(seq, { activity: 'a', attempt })))
    .concat(Array.from({ length: 4 }, (_, seq) => batch(seq, { activity: 'b' })))

  test('keep their rules whatever is lost, repeated or overtaken', () => {
    const arrival = fc.nat(SENT.length - 1).chain((at) => {
      const home = SENT[at]?.activity === 'a' ? 1 : 3
      const behind = fc.oneof({ weight: 4, arbitrary: fc.constant(home) }, fc.nat(LOG.length))
      return behind.map((logged) => ({ at, behind: logged }))
    })
    const arrivals = fc
      .tuple(fc.array(arrival, { minLength: 10, maxLength: 60 }), fc.array(arrival, { maxLength: 10 }))
      .map(([ordered, strays]) => [...ordered.toSorted((one, other) => one.at - other.at), ...strays])
    let frames = 0
    fc.assert(
      fc.property(arrivals, (arriving) => {
        const previews = createPreviews(new Set(BOTH))
        const seen: { name: string; logged: number }[] = []
        for (let logged = 0; logged <= LOG.length; logged++) {
          const step = LOG[logged - 1]
          if (step) seen.push(...take(previews, step).map((name) => ({ name, logged })))
          for (const { at, behind } of arriving) {
            const one = SENT[at]
            if (one && behind === logged) seen.push(...take(previews, one).map((name) => ({ name, logged })))
          }
        }
        frames += seen.length
        const messages = seen.filter(({ name }) => !name.endsWith('thinks'))
        const next = new Map<string, number>()
        let highest = 0
        for (const { name, logged } of messages) {
          const [, activity = '', attempt = '', seq] = /^(\w)(\d)\.(\d)$/.exec(name) ?? []
          expect(Number(seq)).toBe(next.get(activity + attempt) ?? 0)
          next.set(activity + attempt, Number(seq) + 1)
          expect(logged).toBe(activity === 'a' ? 1 : 3)
          const order = Number(attempt) + (activity === 'a' ? 0 : 10)
          expect(order).toBeGreaterThanOrEqual(highest)
          highest = order
        }
        expect(new Set(seen.map(({ name }) => name)).size).toBe(seen.length)
      }),
      { numRuns: 500 },
    )
    expect(frames).toBeGreaterThan(500)
  })
})
