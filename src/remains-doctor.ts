import type { Config } from './config.ts'
import { connectDoors } from './doors.ts'
import { createEngine } from './hands/docker/dockerode.ts'
import { examineShims } from './hands/docker/shims.ts'
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
    const detail = `${listed.length}, ${ended} of them dead or unfinished, ${(await doors.names()).length} doors`
    const sandboxes = { name, ok: true, detail }
    return kind === 'docker' ? [sandboxes, await examineShims(createEngine())] : [sandboxes]
  } catch (error) {
    if (!(error instanceof HandsUnavailable)) throw error
    return [{ name, ok: true, detail: `cannot be counted: ${error.message}` }]
  }
}
