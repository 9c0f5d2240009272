import type { HandsUnavailable } from '../../src/hands/hands.ts'
import type { SandboxRow } from '../../src/hands/bindings.ts'
import type {
  KeepResult,
  RunRequest,
  RunResult,
  Sandbox,
  SandboxKey,
  SandboxProvider,
} from '../../src/hands/sandbox.ts'
import { placeName } from '../../src/hands/recipe.ts'
import { SandboxLost } from '../../src/hands/sandbox.ts'
import { FakeCargo } from './fake-cargo.ts'

/** A sandbox in memory that keeps claims and echoes commands; `gate`, when set, holds every command until it resolves. */
export class FakeSandbox implements Sandbox {
  readonly runs: string[] = []
  readonly cancelled: string[] = []
  readonly kept: string[] = []
  /** What the next commands say instead of nothing. */
  says = ''
  isLost = false
  /** Why it cannot be asked to end anything. */
  away: HandsUnavailable | undefined
  isBusy = false
  /** Ids of the commands that run, as it says. */
  readonly commands = new Set<string>()
  /** It does not end what it is told to. */
  isStubborn = false
  gate: Promise<void> | undefined
  readonly cargo = new FakeCargo()
  readonly #results = new Map<string, Promise<RunResult>>()

  async run(request: RunRequest): Promise<RunResult> {
    const known = this.#results.get(request.id)
    const result = known ?? this.#start(request)
    this.#results.set(request.id, result)
    const { first, ...rest } = await result
    if (this.isLost) throw new SandboxLost('killed')
    return { ...rest, first: known === undefined && first }
  }

  async cancel(id: string): Promise<void> {
    if (this.isLost) throw new SandboxLost('killed')
    if (this.away) throw this.away
    this.cancelled.push(id)
    if (!this.isStubborn) this.commands.delete(id)
    const ended = {
      reason: 'cancelled',
      code: 143,
      output: new Uint8Array(),
      truncated: null,
      first: false,
      isCleared: false,
    } as const
    if (!this.#results.has(id)) this.#results.set(id, Promise.resolve(ended))
    return Promise.resolve()
  }

  busy(): Promise<boolean> {
    const isBusy = this.isBusy || this.commands.size > 0
    return this.isLost ? Promise.reject(new SandboxLost('killed')) : Promise.resolve(isBusy)
  }

  running(): Promise<readonly string[]> {
    return Promise.resolve([...this.commands])
  }

  keep(id: string): Promise<KeepResult> {
    if (this.isLost) return Promise.reject(new SandboxLost('killed'))
    this.kept.push(id)
    return Promise.resolve({ type: 'kept', path: `/workspace/.outputs/${id}.txt`, missing: 0 })
  }

  read(): Promise<never> {
    return Promise.reject(new SandboxLost('the fake has no files'))
  }

  write(): Promise<never> {
    return Promise.reject(new SandboxLost('the fake has no files'))
  }

  async #start({ id, command, env, stdin }: RunRequest): Promise<RunResult> {
    this.runs.push(id)
    await this.gate
    if (id === 'placed' || id === 'placed-outputs') {
      if (id === 'placed') this.cargo.place(env?.['MAKER'] ?? '')
      else this.cargo.placeOutputs(env?.['MAKER'] ?? '')
      const output = Buffer.concat([Buffer.from('0\n'), stdin ?? new Uint8Array()])
      return { reason: 'exit', code: 0, output, truncated: null, first: true, isCleared: false }
    }
    const echoed = /^echo (\S+)$/.exec(command)?.[1] ?? this.says
    return {
      reason: 'exit',
      code: 0,
      output: Buffer.from(`${echoed}\n`),
      truncated: null,
      first: true,
      isCleared: false,
    }
  }
}

export interface FakeProvider extends SandboxProvider {
  /** Living sandboxes by reference. */
  readonly living: Map<string, FakeSandbox>
  readonly destroyed: string[]
  /** Every sandbox ever made, in order. */
  readonly made: FakeSandbox[]
  /** Whether another maker's sandbox for a key is found; false plays two hosts that do not know of each other. */
  isShared: boolean
}

export function createFakeProvider(): FakeProvider {
  const living = new Map<string, FakeSandbox>()
  const rows = new Map<string, SandboxRow>()
  const destroyed: string[] = []
  const made: FakeSandbox[] = []
  let serial = 0
  const provider: FakeProvider = {
    kind: 'fake',
    living,
    destroyed,
    made,
    isShared: true,
    provision(key: SandboxKey) {
      const { sessionId, generation } = key
      const present = [...rows.values()].find(
        (row) => placeName(row) === placeName(key) && row.generation === generation,
      )
      if (provider.isShared && present !== undefined && living.has(present.reference)) return Promise.resolve(present)
      const bootId = `boot${++serial}`
      const hand = key.hand === undefined ? {} : { hand: key.hand }
      const reference = `${placeName(key)}.${generation}.${bootId}`
      const row = { sessionId, ...hand, generation, provider: 'fake', reference, bootId }
      const sandbox = new FakeSandbox()
      rows.set(row.reference, row)
      living.set(row.reference, sandbox)
      made.push(sandbox)
      return Promise.resolve(row)
    },
    attach: ({ reference }) => Promise.resolve(living.get(reference) ?? null),
    host: () => Promise.resolve(null),
    cargo: ({ reference }) => Promise.resolve(living.get(reference)?.cargo ?? null),
    destroy({ reference }) {
      destroyed.push(reference)
      living.delete(reference)
      rows.delete(reference)
      return Promise.resolve()
    },
    async list(sessionId) {
      const listed = [...rows.values()].map((row) => ({ ...row, since: new Date(0) }))
      return sessionId === undefined ? listed : listed.filter((row) => row.sessionId === sessionId)
    },
    doctor: () => Promise.resolve([]),
  }
  return provider
}
