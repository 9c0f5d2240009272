import { readdir, readFile } from 'node:fs/promises'
import type { Config } from './config.ts'
import { connectDoors } from './doors.ts'
import { createEngine } from './hands/docker/dockerode.ts'
import type { Engine } from './hands/docker/engine.ts'
import { HandsUnavailable } from './hands/hands.ts'
import type { Finding } from './hands/sandbox.ts'
import { assembleProviders, chooseSandbox } from './sandboxes.ts'

/** Says what sandboxes have left on this host: workers clear most of it away, and a shim of the daemon's nobody does. */
export async function examineRemains(config: Config): Promise<readonly Finding[]> {
  const name = 'sandboxes here'
  const { kind } = await chooseSandbox(config)
  const doors = connectDoors(config)
  const provider = await assembleProviders(config, kind)
  try {
    const listed = await provider.list()
    let ended = 0
    for (const sandbox of listed) if ((await provider.attach(sandbox)) === null) ended++
    const counts = [`${listed.length}`, `${ended} of them dead or unfinished`, `${(await doors.names()).length} doors`]
    if (kind !== 'docker') return [{ name, ok: true, detail: counts.join(', ') }]
    const shims = await findLostShims(createEngine(), '/proc')
    const detail = [...counts, `${shims.length} shims without a container`].join(', ')
    if (shims.length === 0) return [{ name, ok: true, detail }]
    const remedy = `The daemon has lost hold of processes ${shims.join(', ')}: end them, or restart it.`
    return [{ name, ok: true, detail, remedy }]
  } catch (error) {
    if (!(error instanceof HandsUnavailable)) throw error
    return [{ name, ok: true, detail: `cannot be counted: ${error.message}` }]
  }
}

/** Pids of the processes below `folder` that hold a container of which the daemon knows nothing. */
export async function findLostShims(engine: Pick<Engine, 'find'>, folder: string): Promise<readonly string[]> {
  const lost: string[] = []
  for (const pid of (await readdir(folder)).filter((name) => /^\d+$/.test(name))) {
    // One that has ended meanwhile, and one of another user.
    const words = (await readFile(`${folder}/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
    const id = words[0]?.includes('containerd-shim') ? words[words.indexOf('-id') + 1] : undefined
    if (id && /^[0-9a-f]{64}$/.test(id) && (await engine.find(id)) === null) lost.push(pid)
  }
  return lost
}
