import { randomUUID } from 'node:crypto'
import { link, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

const refreshMs = 5_000
const staleMs = 30_000
const pollMs = 250

/**
 * Runs `work` while no other setup that uses the same cache folder holds `name`. A holder touches its lock every 5 s,
 * so the lock of a dead one is taken over: at once on the same host, after 30 s otherwise.
 *
 * Claims are numbered files, and the highest one counts. The next number is created only when the highest holder is
 * gone, whole or not at all (a hard link), so one of many gets it. The highest is never deleted: whoever was so slow as
 * to claim a number that was used up meanwhile sees a higher one and withdraws.
 */
export async function withLock({ cache, name, onWait }, work) {
  const folder = join(cache, 'locks', name)
  await mkdir(folder, { recursive: true })
  let announced = false
  let path
  while ((path = await claimNext(folder)) === undefined) {
    if (!announced) onWait()
    announced = true
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  const timer = setInterval(() => {
    const now = new Date()
    utimes(path, now, now).catch(() => clearInterval(timer))
  }, refreshMs)
  try {
    return await work()
  } finally {
    clearInterval(timer)
    await rename(await writeDraft(path, {}), path)
  }
}

async function claimNext(folder) {
  const highest = (await listClaims(folder)).at(-1) ?? 0
  if (highest > 0 && (await isHeld(join(folder, String(highest))))) return undefined
  const path = join(folder, String(highest + 1))
  if (!(await create(path))) return undefined
  const claims = await listClaims(folder)
  if (claims.some((number) => number > highest + 1)) {
    await rm(path)
    return undefined
  }
  for (const number of claims) if (number <= highest) await rm(join(folder, String(number)), { force: true })
  return path
}

async function listClaims(folder) {
  const names = await readdir(folder)
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .toSorted((a, b) => a - b)
}

async function create(path) {
  const draft = await writeDraft(path, { pid: process.pid, host: hostname() })
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}

async function writeDraft(path, content) {
  const draft = `${path}.${randomUUID()}`
  await writeFile(draft, JSON.stringify(content))
  return draft
}

// One that is gone was used up meanwhile, one without a process was given back.
async function isHeld(path) {
  try {
    const [content, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)])
    const { pid, host } = JSON.parse(content)
    if (pid === undefined || Date.now() - mtimeMs > staleMs) return false
    return host !== hostname() || isAlive(pid)
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return false
    throw error
  }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
}
