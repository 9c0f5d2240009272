import type { Bundle } from './bundle.ts'
import { withChange } from './bundle.ts'

/** A mistake in the workflow that running sessions would not survive; every gate is shown to see it. */
export interface Mistake {
  readonly what: string
  /** A recorded life that tells. */
  readonly life: string
  readonly change: (bundle: Bundle) => Bundle
  /**
   * The recorded histories alone tell: log and state are wrong alike, fake activities do not read the log, and what lives
   * by chance says is short.
   */
  readonly replayOnly?: true
}

export const mistakes: readonly Mistake[] = [
  {
    what: 'loses the second of two results in one activation, because it reads its list before it awaits',
    life: 'parallel-tools',
    change: (bundle) =>
      withChange(
        bundle,
        /const came = (await scope\.run\(.*\));/,
        'outcomes.push(...($1).inputs); const came = { inputs: [] };',
      ),
  },
  {
    what: 'performs before it records',
    life: 'text-turn',
    change: (bundle) =>
      withChange(
        bundle,
        /(if \(journal\.entries\.length > 0\) record\(.*\);)((?:[^;]*;){3})\s+(performer\.start\(.*\);)/,
        '$3 $1 $2',
      ),
    replayOnly: true,
  },
  {
    what: 'does not cancel what an interrupt gives up',
    life: 'interrupt-mid-tool',
    change: (bundle) => withChange(bundle, /await performer\.cancel\(\);/, ';'),
  },
  {
    what: 'takes letters in before outcomes',
    life: 'result-then-interrupt',
    change: (bundle) =>
      withChange(bundle, /(for \(const outcome of \[[^\]]*\]\).*;)\s+(for \(const letter of .*;)/, '$2 $1'),
  },
  {
    what: 'forgets that a batch came without ids',
    life: 'minted-ids',
    change: (bundle) =>
      withChange(
        bundle,
        /for \(const \{ event, signal, index \} of journal\.unnamed\.splice\(0\)\)/,
        'for (const { event, signal, index } of [])',
      ),
    replayOnly: true,
  },
  {
    what: 'takes a text that is recorded once for an empty one wherever else it stands',
    life: 'repeated-texts',
    change: (bundle) => withChange(bundle, /const entries = .*putRepeatsBack.*;/, 'const entries = result.entries;'),
    replayOnly: true,
  },
  {
    what: 'hands over to another run while calls are under way',
    life: 'rollover-mid-turn-1',
    change: (bundle) => withChange(bundle, /!performer\.isBusy\(\) && run\.isDue\(.*\)/, 'run.number === 1'),
  },
  {
    what: 'takes results of workers where there are none',
    life: 'stray-tool-result',
    change: (bundle) => withChange(bundle, /\(payload, takesResults\)/, '(payload, true)'),
    replayOnly: true,
  },
  {
    what: 'archives in front of the turn',
    life: 'rollover-mid-turn-2',
    change: (bundle) =>
      withChange(bundle, /const isOver = await pass\(\);/, 'if (isFirst) await run.archivist.archive(); $&'),
    replayOnly: true,
  },
]
