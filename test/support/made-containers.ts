import { createInterface } from 'node:readline'
import Docker from 'dockerode'
import { installationIn, whoseOf } from './leftover-containers.ts'
import type { TestRun } from './test-run.ts'
import { noteMade, readMade } from './test-run.ts'

/** What the daemon tells of a container's creation, or of an image made from one; its labels are among the attributes. */
interface DaemonEvent {
  readonly Action: string
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> }
}

/**
 * Notes what the daemon makes for a run: the containers of its installations with their volumes and images. A server
 * under test names its installation itself; its containers are known by their doors, which are in the run's folder.
 * Disposal ends it. Nothing is noted where no daemon answers.
 */
export async function watchDaemon(run: TestRun): Promise<Disposable> {
  const docker = new Docker()
  const filters = JSON.stringify({ type: ['container'], event: ['create', 'commit'] })
  const stream = await docker.getEvents({ filters }).catch(() => null)
  if (stream === null) return { [Symbol.dispose]() {} }
  // A daemon that ends takes its events along.
  stream.on('error', () => {})
  createInterface({ input: stream }).on('line', (line) => void note(docker, run, JSON.parse(line) as DaemonEvent))
  return {
    [Symbol.dispose]() {
      if ('destroy' in stream && typeof stream.destroy === 'function') stream.destroy()
    },
  }
}

async function note(docker: Docker, run: TestRun, { Action, Actor }: DaemonEvent): Promise<void> {
  const { ID: id, Attributes: found } = Actor
  const isOurs = whoseOf(run, readMade(run))
  if (Action === 'commit') {
    const image = found['imageID']
    if (image !== undefined && isOurs('container', id, found)) noteMade(run, { kind: 'image', name: image })
    return
  }
  // It may be gone again.
  const state = await docker
    .getContainer(id)
    .inspect()
    .catch(() => null)
  const mounts = state?.Mounts ?? []
  if (!isOurs('container', id, found) && !mounts.some(({ Source }) => Source.startsWith(`${run.folder}/`))) return
  noteMade(run, { kind: 'container', name: id })
  const installation = installationIn(found)
  if (installation?.startsWith(run.id) === false) noteMade(run, { kind: 'installation', name: installation })
  for (const { Type, Name } of mounts) if (Type === 'volume' && Name) noteMade(run, { kind: 'volume', name: Name })
}
