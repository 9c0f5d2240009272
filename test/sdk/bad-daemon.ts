import { setTimeout as pause } from 'node:timers/promises'
import type { DaemonState } from '../support/docker-gate.ts'
import type { BadHand, Outside } from './bad-hands.ts'
import { lost, waits } from './bad-hands.ts'

/** Shorter than what a session tries before it tells. */
const BRIEF_MS = 700

type Fault = readonly [what: string, state: DaemonState, told: RegExp]
const faults: readonly Fault[] = [
  ['has no socket', 'gone', /^hands: Docker (?:does not answer|starts no process): .*ENOENT/],
  ['refuses connections', 'refused', /^hands: Docker (?:does not answer|starts no process): .*ECONNREFUSED/],
  ['says nothing', 'silent', /^hands: Docker (?:does not answer|starts no process): /],
]

function row(name: string, rest: Partial<BadHand>): BadHand {
  return { name, kinds: ['docker'], command: waits, told: /^went on$/, isError: false, next: 'same', ...rest }
}

async function away({ gate, letGo }: Outside, state: DaemonState): Promise<void> {
  await gate().turn(state)
  await pause(BRIEF_MS)
  await gate().turn('open')
  await letGo()
}

const open: BadHand['behind'] = ({ gate }) => gate().turn('open')

/** What a daemon does that goes away, or comes back, at a call and at the making of its sandbox. */
export const badDaemons: readonly BadHand[] = [
  row('is at work when the daemon cuts its connections', {
    async during({ gate, letGo }) {
      gate().cut()
      await letGo()
    },
  }),
  row('is at work when the daemon gets slow', { during: (outside) => away(outside, 'slow') }),
  ...faults.flatMap(([what, state, told]) => [
    row(`is at work when the daemon ${what} for a moment`, { during: (outside) => away(outside, state) }),
    row(`is at work when the daemon ${what}`, {
      during: ({ gate }) => gate().turn(state),
      behind: open,
      told,
      isError: true,
    }),
    row(`is to get its sandbox when the daemon ${what} for a moment`, {
      command: 'echo went on',
      async before(gate) {
        await gate.turn(state)
        void pause(BRIEF_MS).then(() => gate.turn('open'))
      },
    }),
    row(`is to get its sandbox when the daemon ${what}`, {
      command: 'echo never',
      before: (gate) => gate.turn(state),
      behind: open,
      told,
      isError: true,
      next: 'first',
    }),
  ]),
  row('is at work when the daemon is started again, and all with it', {
    async during({ gate, kill }) {
      await gate().turn('gone')
      await kill()
      await gate().turn('open')
    },
    told: lost,
    isError: true,
    next: 'fresh',
  }),
]
