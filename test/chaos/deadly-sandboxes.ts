import { existsSync, readdirSync, statSync } from 'node:fs'
import { chmod, link, mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import Docker from 'dockerode'
import type { SandboxBindings, SandboxRow } from '../../src/hands/bindings.ts'
import type { Engine } from '../../src/hands/docker/engine.ts'
import { placeName } from '../../src/hands/recipe.ts'
import type { RunRequest, Sandbox, SandboxKey, SandboxProvider } from '../../src/hands/sandbox.ts'
import { residentOf } from '../hands/provider/resident-of.ts'
import type { Fate } from './fate.ts'
import type { Point } from './points.ts'
import { LEDGER } from './points.ts'

export interface Deadly {
  readonly fate: Fate
  /** Folder of the local provider's sandboxes. */
  readonly folder: string
  /** Folder of the ledgers of all sandboxes. */
  readonly ledgers: string
}

/** A provider, in whose calls the worker or the sandbox may die. Local sandboxes have their ledgers from here. */
export function deadlyProvider(inner: SandboxProvider, deadly: Deadly): SandboxProvider {
  const { fate, folder } = deadly
  return {
    ...inner,
    async provision(key, recipe) {
      if (fate.meets('unmade')) fate.die()
      const making = inner.provision(key, recipe)
      if (inner.kind === 'local' && fate.meets('half')) await dieHalfWay(making, key, deadly)
      const made = await making
      if (made.provider === 'local') await shareLedger(join(folder, 'generations', made.reference), made, deadly)
      return made
    },
    async attach(row) {
      const sandbox = await inner.attach(row)
      return sandbox && deadlySandbox(row, sandbox, deadly)
    },
  }
}

/** The daemon's side of the same; containers have their ledgers from here. */
export function deadlyEngine(inner: Engine, { fate, ledgers }: Pick<Deadly, 'fate' | 'ledgers'>): Engine {
  return {
    ...inner,
    async create(name, spec) {
      const ledger = await makeLedger(join(ledgers, name))
      const Mounts = [
        ...(spec.HostConfig?.Mounts ?? []),
        { Type: 'bind' as const, Source: ledger, Target: LEDGER, ReadOnly: false },
      ]
      const id = await inner.create(name, { ...spec, HostConfig: { ...spec.HostConfig, Mounts } })
      if (id !== null && fate.meets('created')) fate.die()
      return id
    },
    async start(id) {
      const isStarted = await inner.start(id)
      if (isStarted && fate.meets('started')) fate.die()
      return isStarted
    },
  }
}

export function deadlyBindings(inner: SandboxBindings, { fate }: Pick<Deadly, 'fate'>): SandboxBindings {
  return {
    ...inner,
    async replace(expected, next) {
      if (fate.meets('unpublished')) fate.die()
      return inner.replace(expected, next)
    },
    async bind(session, call, to) {
      if (to.isGivenUp !== true && fate.meets('unbound')) fate.die()
      return inner.bind(session, call, to)
    },
  }
}

/** Once bubblewrap has said which process it is in, and before that is noted. */
async function dieHalfWay(making: Promise<unknown>, key: SandboxKey, { fate, folder }: Deadly): Promise<void> {
  const over = new AbortController()
  const end = (): void => over.abort()
  making.then(end, end)
  const generations = join(folder, 'generations')
  const name = `${placeName(key)}.${key.generation}.`
  while (!over.signal.aborted) {
    for (const entry of existsSync(generations) ? readdirSync(generations) : []) {
      const info = statSync(join(generations, entry, 'info.json'), { throwIfNoEntry: false })
      const isHalf = info && info.size > 0 && !existsSync(join(generations, entry, 'process.json'))
      if (entry.startsWith(name) && isHalf) fate.die()
    }
    await turn()
  }
  fate.tell({ type: 'missed', point: 'half' })
}

/** One file under two names: what is written in the sandbox stays when its folder goes. */
async function shareLedger(generation: string, { reference }: SandboxRow, { ledgers }: Deadly): Promise<void> {
  const ledger = await makeLedger(join(ledgers, reference))
  await link(ledger, join(generation, 'home', 'ledger')).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  })
}

/** Whoever has which number in the sandbox may write to it. */
async function makeLedger(path: string): Promise<string> {
  await mkdir(join(path, '..'), { recursive: true })
  await (await open(path, 'a')).close()
  await chmod(path, 0o666)
  return path
}

const MID_COMMAND = ['begun', 'sandbox', 'both', 'resident', 'leaving'] as const satisfies readonly Point[]

function deadlySandbox(row: SandboxRow, inner: Sandbox, deadly: Deadly): Sandbox {
  const { fate } = deadly
  return {
    ...inner,
    async run(request) {
      // What the hands run for themselves is no call.
      if (!request.id.startsWith('sevt_')) return inner.run(request)
      if (fate.meets('bound')) fate.die()
      const running = inner.run(request)
      const point = MID_COMMAND.find((each) => fate.meets(each))
      if (point) {
        strike(point, request, { row, inner, deadly }).catch(() => fate.tell({ type: 'missed', point }))
      }
      const result = await running
      if (fate.meets('ended')) fate.die()
      if (!result.first && result.reason === 'exit') fate.tell({ type: 'joined' })
      return result
    },
  }
}

interface Victim {
  readonly row: SandboxRow
  readonly inner: Sandbox
  readonly deadly: Deadly
}

let looks = 0

/** Kills what the point says when the command has its claim and has not ended. */
async function strike(
  point: (typeof MID_COMMAND)[number],
  { id }: RunRequest,
  { row, inner, deadly: { fate, folder } }: Victim,
): Promise<void> {
  const order = fate.orders()
  const call = `/run/longhand/calls/${id}`
  const isResident = point === 'resident' || point === 'leaving'
  const kill = isResident ? `p=$(${residentOf(id)}); [ "$p" -gt 1 ] && kill -9 "$p"` : ':'
  const wait = `until [ -s ${call}/worker ]; do sleep 0.02; done; sleep ${fate.delayMs() / 1000}`
  const { code } = await inner.run({
    id: `look-${process.pid}-${++looks}`,
    command: `${wait}; [ ! -e ${call}/done ] || exit 9; ${kill}`,
    timeoutMs: 10_000,
    capBytes: 2_048,
  })
  if (code !== 0 || fate.orders() !== order) return fate.tell({ type: 'missed', point })
  if (point === 'sandbox' || point === 'both') await killSandbox(row, folder)
  if (point === 'begun' || point === 'both' || point === 'leaving') fate.die()
  fate.tell({ type: 'struck', point })
}

async function killSandbox({ provider, reference }: SandboxRow, folder: string): Promise<void> {
  if (provider === 'docker') return new Docker().getContainer(reference).kill()
  const text = await readFile(join(folder, 'generations', reference, 'process.json'), 'utf8')
  const { pid } = JSON.parse(text) as { pid: number }
  process.kill(pid, 'SIGKILL')
}
