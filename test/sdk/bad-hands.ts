import type Docker from 'dockerode'
import type { SandboxRow } from '../../src/hands/bindings.ts'
import type { DockerGate } from '../support/docker-gate.ts'

export type Kind = 'local' | 'docker'

/** What a row does to a sandbox from outside. */
export interface Outside {
  readonly row: SandboxRow
  /** Ends process 1. */
  readonly kill: () => Promise<void>
  /** The sandbox's container; only of Docker. */
  readonly container: () => Docker.Container
  /** Lets the command that waits go on. */
  readonly letGo: () => Promise<void>
  /** What its daemon is reached by; only of Docker. */
  readonly gate: () => DockerGate
}

/** Something bad that happens to a call in a sandbox, and what its session makes of it. */
export interface BadHand {
  readonly name: string
  readonly kinds: readonly Kind[]
  /** Of the first call. */
  readonly command: string
  /** Before the first call, which finds no sandbox. */
  readonly before?: (gate: DockerGate) => Promise<void>
  /** While the command runs. */
  readonly during?: (outside: Outside) => Promise<void>
  /** Between this call and the next. */
  readonly behind?: (outside: Pick<Outside, 'kill' | 'container' | 'gate'>) => Promise<void>
  readonly told: RegExp
  /** Undefined: it may be both. */
  readonly isError: boolean | undefined
  /** What the next call may be told instead, once, where what this one has left is ended by that. */
  readonly outlives?: RegExp
  /** The sandbox of the next call; `first` where this one had none. */
  readonly next: 'same' | 'fresh' | 'first'
}

const both = ['local', 'docker'] as const
export const waits = 'until [ -e go ]; do sleep 0.05; done; echo went on'
export const lost =
  /^The sandbox of this call \(generation 1\) was lost before the call gave a result.*it was not run again/

type Blow = readonly [what: string, kinds: readonly Kind[], during: NonNullable<BadHand['behind']>]
const blows: readonly Blow[] = [
  ['loses its process 1', both, ({ kill }) => kill()],
  ['is stopped at once', ['docker'], ({ container }) => container().stop({ t: 0 })],
  ['is stopped with time to end', ['docker'], ({ container }) => container().stop({ t: 1 })],
  ['is removed', ['docker'], ({ container }) => container().remove({ force: true })],
  ['is started again', ['docker'], ({ container }) => container().restart({ t: 0 })],
]

const paused: readonly BadHand[] = [
  {
    name: 'runs in a sandbox that is paused and goes on',
    kinds: ['docker'],
    command: waits,
    async during({ container, letGo }) {
      await container().pause()
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      await container().unpause()
      await letGo()
    },
    told: /^went on$/,
    isError: false,
    next: 'same',
  },
  {
    name: 'runs in a sandbox that is paused for good',
    kinds: ['docker'],
    command: waits,
    during: ({ container }) => container().pause(),
    behind: ({ container }) => container().unpause(),
    told: /^hands: container [0-9a-f]+ is paused: docker unpause/,
    isError: true,
    next: 'same',
  },
]

type Deed = readonly [
  what: string,
  kinds: readonly Kind[],
  command: string,
  told: RegExp,
  isError?: boolean | undefined,
  outlives?: RegExp,
]
const deeds: readonly Deed[] = [
  ['kills everything', both, 'kill -9 -1', /ended without a result|killed|lost/, true],
  ['stops everything', both, 'kill -STOP -1; echo after', /^after$/, false],
  ['takes more memory than there is', ['docker'], 'python3 -c "bytearray(1 << 30)"', /memory/, true],
  ['takes more memory than a process may', ['local'], 'python3 -c "bytearray(5 << 30)"', /MemoryError/, true],
  ['fills the workspace', ['docker'], 'head -c 100000000 /dev/zero > full', /No space left on device/, true],
  [
    'makes processes without end',
    both,
    ':(){ :|:& };:',
    /unavailable|no room for another|^\(no output\)$/,
    undefined,
    /no room for another process|fork: .*unavailable/,
  ],
  ['fills /tmp', ['docker'], 'head -c 100000000 /dev/zero > /tmp/full', /No space left on device/, true],
  ['has no program', both, 'longhand-none', /longhand-none: command not found\n?.*exit 127/s, true],
  ['loses its folder', both, 'mkdir gone && cd gone && rmdir ../gone && ls && pwd -P', /gone|No such file/, true],
  ['writes without end', both, 'yes | head -c 300000000', /too long to show/, false],
  ['makes a device', both, 'mknod disk b 8 0', /not permitted/, true],
  ['reads a disk', both, 'head -c 1 /dev/sda; head -c 1 /dev/mem', /No such file|denied|not permitted/, true],
  ['reads what is not its own', both, 'ln -s /etc/shadow s && cat s', /No such file|denied/, true],
  [
    'makes names that nobody would',
    both,
    `touch -- $'a\\nb' -rf "$(printf x%.0s $(seq 255))" $'\\xff' && ls -A | wc -c`,
    /^\d+$/,
    false,
  ],
  ['ends its shell', both, 'exit 7', /exit 7/, true],
]

/** Every row ends as a result that the model can act on, and its session goes on. */
export const badHands: readonly BadHand[] = [
  ...blows.map(([what, kinds, during]): BadHand => {
    return {
      name: `runs in a sandbox that ${what}`,
      kinds,
      command: waits,
      during,
      told: lost,
      isError: true,
      next: 'fresh',
    }
  }),
  ...blows.map(([what, kinds, behind]): BadHand => {
    const name = `is over when its sandbox ${what}`
    return { name, kinds, command: 'echo over', behind, told: /^over$/, isError: false, next: 'fresh' }
  }),
  ...paused,
  ...deeds.map(([name, kinds, command, told, isError, outlives]): BadHand => {
    return { name, kinds, command, told, isError, next: 'same', ...(outlives && { outlives }) }
  }),
]
