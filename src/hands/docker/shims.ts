import { existsSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Finding } from '../sandbox.ts'
import type { Engine } from './engine.ts'

/** Where processes are read, and how long a container that has just ended may take to be rid of its shim. */
export interface ShimPlace {
  readonly folder: string
  readonly graceMs: number
}

/** A process of containerd's that holds one container of Docker's. */
interface Shim {
  readonly pid: string
  readonly container: string
  /** Of the containerd that started it, by which those of several daemons are told apart. */
  readonly address: string
}

const NAME = 'container shims'

/**
 * Looks for shims on this host that hold a container of which the daemon knows nothing: nobody else ends them, nor what
 * runs in them. They are the daemon's for certain where another of its containers has the same containerd; without one
 * they may belong to another daemon, or this one may be on another host.
 */
export async function examineShims(
  engine: Pick<Engine, 'find'>,
  { folder, graceMs }: ShimPlace = { folder: '/proc', graceMs: 1_000 },
): Promise<Finding> {
  let found = await sortShims(engine, folder)
  if (found.lost.length > 0) {
    await delay(graceMs)
    const before = new Set(found.lost.map(({ pid }) => pid))
    const now = await sortShims(engine, folder)
    found = { ...now, lost: now.lost.filter(({ pid }) => before.has(pid)) }
  }
  const ours = new Set(found.held.map(({ address }) => address))
  const isCertain = ours.size > 0
  const lost = isCertain ? found.lost.filter(({ address }) => ours.has(address)) : found.lost
  if (lost.length === 0) return { name: NAME, ok: true, detail: 'none without a container' }
  const pids = lost.map(({ pid }) => pid).join(', ')
  const detail = `${lost.length} without a container that the daemon knows: ${lost.length === 1 ? 'process' : 'processes'} ${pids}`
  const doubt = isCertain ? '' : ", unless they are another daemon's"
  const remedy = `The daemon has lost them${doubt}: restart it, or end them and what runs below them.`
  return { name: NAME, ok: !isCertain, detail, remedy }
}

/**
 * Ends what is left on this host of a container that the daemon knows nothing of any more: what its shim holds, then the
 * shim. Nobody else would. What this user may not end is left, and the doctor tells of it.
 */
export async function endShim(container: string, folder = '/proc', end = kill): Promise<void> {
  const shims = (await readShims(folder)).filter((shim) => shim.container === container)
  for (const { pid } of shims) {
    for (const child of await readChildren(folder, pid)) end(child)
    end(pid)
  }
}

async function readChildren(folder: string, parent: string): Promise<readonly string[]> {
  const pids = await readPids(folder)
  const parents = await Promise.all(pids.map((pid) => readFile(`${folder}/${pid}/status`, 'utf8').catch(() => '')))
  return pids.filter((_, index) => new RegExp(`^PPid:\\s+${parent}$`, 'm').test(parents[index] ?? ''))
}

function kill(pid: string): void {
  try {
    process.kill(Number(pid), 'SIGKILL')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
  }
}

async function sortShims(engine: Pick<Engine, 'find'>, folder: string) {
  const held: Shim[] = []
  const lost: Shim[] = []
  for (const shim of await readShims(folder)) {
    const sorted = (await engine.find(shim.container)) === null ? lost : held
    sorted.push(shim)
  }
  return { held, lost }
}

/** None where there is no such folder: the daemon's containers are in a machine of their own then. */
async function readShims(folder: string): Promise<readonly Shim[]> {
  if (!existsSync(folder)) return []
  const shims = await Promise.all((await readPids(folder)).map((pid) => readShim(folder, pid)))
  return shims.filter((shim) => shim !== null)
}

async function readPids(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => /^\d+$/.test(name))
}

/** Null for any other process: one that has ended meanwhile, and one that holds what is not Docker's. */
async function readShim(folder: string, pid: string): Promise<Shim | null> {
  const words = (await readFile(`${folder}/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
  const after = (flag: string): string => words[words.indexOf(flag, 1) + 1] ?? ''
  const container = after('-id')
  if (!words[0]?.includes('containerd-shim') || after('-namespace') !== 'moby') return null
  return /^[0-9a-f]{64}$/.test(container) ? { pid, container, address: after('-address') } : null
}
