/**
 * Where something is killed on the way of a call: the worker of the hands, by itself, or what it works with. The points
 * that only one kind of sandbox has are the steps of making it.
 */
export const POINTS = {
  unmade: 'worker, before the sandbox is made',
  half: 'worker, while the sandbox starts',
  created: 'worker, container made and not started',
  started: 'worker, container started and not looked at',
  unpublished: 'worker, sandbox made and nobody told',
  unbound: 'worker, before the call is bound',
  bound: 'worker, call bound and not begun',
  begun: 'worker, command running',
  ended: 'worker, command ended and nobody told',
  unsent: 'worker, result made and not sent',
  sandbox: 'sandbox, command running',
  both: 'sandbox and worker, command running',
  resident: 'resident shell, command running',
  leaving: 'resident shell and worker, command running',
} as const

export type Point = keyof typeof POINTS
export type SandboxKind = 'local' | 'docker'

const only: Readonly<Record<SandboxKind, readonly Point[]>> = { local: ['half'], docker: ['created', 'started'] }

export function pointsOf(kind: SandboxKind): readonly Point[] {
  const others = kind === 'local' ? only.docker : only.local
  return (Object.keys(POINTS) as Point[]).filter((point) => !others.includes(point))
}

/** Told to a worker of the hands. */
export interface Order {
  readonly point: Point
  /** The first, second, … time that it gets there. */
  readonly nth: number
  /** From the beginning of the command, where it is to be running. */
  readonly delayMs: number
}

/** Told by a worker of the hands. */
export type Report =
  /** What was to be killed is, and the worker lives; or what was to be killed was gone already. */
  | { readonly type: 'struck' | 'missed'; readonly point: Point }
  /** A command that another try had started was joined. */
  | { readonly type: 'joined' }

/** A file of each sandbox in which its commands leave a line; it outlives the sandbox. */
export const LEDGER = '/home/agent/ledger'
