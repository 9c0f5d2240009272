import { randomUUID } from 'node:crypto'
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { identifyProcess, isRunning } from './process-identity.ts'
import type { ProcessIdentity } from './process-identity.ts'
import { StartError } from './start-error.ts'

/** The right to be the one `dev` of a data folder; disposal gives it back. */
export interface FolderLock extends AsyncDisposable {
  /** Names the process that ends what this one leaves behind: the next owner waits for it. */
  setReaper(pid: number): Promise<void>
}

/** What a claim says; without an owner it was given back. */
interface Claim {
  readonly owner?: ProcessIdentity
  readonly reaper?: ProcessIdentity | undefined
}

const reaperMs = 20_000
const pollMs = 100

/**
 * Locks a data folder. Throws `StartError` while another live process holds it; a dead one's lock is taken over.
 *
 * Claims are numbered files in `lock/`, and the highest one counts. The next number is created only when the highest
 * owner is gone, whole or not at all (a hard link), so one of many gets it. The highest is never deleted: whoever was so
 * slow as to claim a number that was used up meanwhile sees a higher one and withdraws.
 */
export async function lockFolder(data: string): Promise<FolderLock> {
  const folder = join(data, 'lock')
  const owner = identifyProcess(process.pid)
  if (owner === undefined) throw new Error('this process cannot find itself')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  let mine: string | undefined
  while (mine === undefined) mine = await claimNext(folder, { owner })
  const path = mine
  return {
    setReaper: (pid) => replace(path, { owner, reaper: identifyProcess(pid) }),
    [Symbol.asyncDispose]: () => replace(path, {}),
  }
}

async function claimNext(folder: string, claim: Claim): Promise<string | undefined> {
  const highest = (await listClaims(folder)).at(-1) ?? 0
  if (highest > 0) await requireGone(await readClaim(join(folder, String(highest))), folder)
  const path = join(folder, String(highest + 1))
  if (!(await create(path, claim))) return undefined
  const claims = await listClaims(folder)
  if (claims.some((number) => number > highest + 1)) {
    await rm(path)
    return undefined
  }
  for (const number of claims) if (number <= highest) await rm(join(folder, String(number)), { force: true })
  return path
}

async function requireGone({ owner, reaper }: Claim, folder: string): Promise<void> {
  if (owner !== undefined && isRunning(owner)) {
    throw new StartError(
      `longhand dev already runs on ${join(folder, '..')} (process ${owner.pid})`,
      'Use it, stop it, or give this one another folder with --data.',
    )
  }
  if (reaper === undefined) return
  for (let waited = 0; waited < reaperMs && isRunning(reaper); waited += pollMs) await delay(pollMs)
}

/** The numbers of all claims, the highest last. */
async function listClaims(folder: string): Promise<number[]> {
  const names = await readdir(folder)
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .toSorted((a, b) => a - b)
}

async function create(path: string, claim: Claim): Promise<boolean> {
  const draft = await write(path, claim)
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}

async function replace(path: string, claim: Claim): Promise<void> {
  await rename(await write(path, claim), path)
}

async function write(path: string, claim: Claim): Promise<string> {
  const draft = `${path}.${randomUUID()}`
  await writeFile(draft, JSON.stringify(claim), { mode: 0o600 })
  return draft
}

// One that is gone was used up meanwhile, one that is not readable (cut by a full disk) has no owner.
async function readClaim(path: string): Promise<Claim> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'))
    if (typeof value !== 'object' || value === null || !('owner' in value) || !isIdentity(value.owner)) return {}
    return { owner: value.owner, reaper: 'reaper' in value && isIdentity(value.reaper) ? value.reaper : undefined }
  } catch (error) {
    if (error instanceof SyntaxError || hasCode(error, 'ENOENT')) return {}
    throw error
  }
}

function isIdentity(value: unknown): value is ProcessIdentity {
  return (
    typeof value === 'object' && value !== null && 'pid' in value && 'start' in value && typeof value.pid === 'number'
  )
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
