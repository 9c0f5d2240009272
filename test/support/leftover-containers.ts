import Docker from 'dockerode'
import { buildLabel } from '../../src/hands/docker/builder-spec.ts'
import { labels } from '../../src/hands/docker/container-spec.ts'
import type { Leftover } from './leftover.ts'
import type { Made, TestRun } from './test-run.ts'

const answerMs = 30_000

/** Containers of the run's installations, of its folder's doors, and those that were noted. */
export async function findContainers(run: TestRun, made: readonly Made[]): Promise<readonly Leftover[]> {
  const found = (await ask((docker, abortSignal) => docker.listContainers({ all: true, abortSignal }))) ?? []
  const isOurs = whoseOf(run, made)
  return found
    .filter(({ Id, Labels, Mounts }) => {
      const isDoor = Mounts.some(({ Source }) => Source.startsWith(`${run.folder}/`))
      return isDoor || isOurs('container', Id, Labels)
    })
    .map(({ Id, Names, Status }) => ({
      kind: 'container',
      what: `${Names.join(' ')} (${Status})`,
      remove: () => gone((docker) => docker.getContainer(Id).remove({ force: true, v: true })),
    }))
}

export async function findVolumes(run: TestRun, made: readonly Made[]): Promise<readonly Leftover[]> {
  const found = await ask((docker, abortSignal) => docker.listVolumes({ abortSignal }))
  // It is `null` where there is none, whatever the types say; and so are labels.
  const volumes = (found?.Volumes as NonNullable<typeof found>['Volumes'] | null | undefined) ?? []
  const isOurs = whoseOf(run, made)
  return volumes
    .filter(({ Name, Labels }) => isOurs('volume', Name, Labels))
    .map(({ Name, Labels }) => ({
      kind: 'volume',
      what: `${Name} (${JSON.stringify(Labels)})`,
      remove: () => gone((docker) => docker.getVolume(Name).remove()),
    }))
}

/** Images that were noted and that no container uses: another run may have found what this one has made. */
export async function findImages(made: readonly Made[]): Promise<readonly Leftover[]> {
  const noted = new Set(made.filter(({ kind }) => kind === 'image').map(({ name }) => name))
  if (noted.size === 0) return []
  const images = (await ask((docker, abortSignal) => docker.listImages({ all: true, abortSignal }))) ?? []
  const containers = (await ask((docker, abortSignal) => docker.listContainers({ all: true, abortSignal }))) ?? []
  const used = new Set(containers.map(({ ImageID }) => ImageID))
  return images
    .filter(({ Id }) => noted.has(Id) && !used.has(Id))
    .map(({ Id, RepoTags }) => ({
      kind: 'image',
      what: `${(RepoTags ?? []).join(' ')} (${Id})`,
      remove: () => gone((docker) => docker.getImage(Id).remove({ force: true })),
    }))
}

/** Whether something with this name or id, and these labels, is the run's. */
export function whoseOf({ id }: TestRun, made: readonly Made[]) {
  const noted = new Set(made.map(({ kind, name }) => `${kind} ${name}`))
  return (kind: Made['kind'], name: string, found: Readonly<Record<string, string>> | null): boolean => {
    const owner = installationIn(found)
    return noted.has(`${kind} ${name}`) || owner?.startsWith(id) === true || noted.has(`installation ${owner}`)
  }
}

export function installationIn(found: Readonly<Record<string, string>> | null): string | undefined {
  return found?.[labels.installation] ?? found?.[buildLabel]
}

/** Codes of a socket that is not there, that nobody listens at, or that is closed to this user. */
const noDaemon: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'ENOTFOUND', 'ECONNREFUSED', 'EACCES'])

/** Null where no daemon is: it keeps nothing that could be cleared away. One that is there and does not say is an error. */
async function ask<T>(request: (docker: Docker, abortSignal: AbortSignal) => Promise<T>): Promise<T | null> {
  const signal = AbortSignal.timeout(answerMs)
  return request(new Docker(), signal).catch((cause: unknown) => {
    if (cause instanceof Error && 'code' in cause && noDaemon.has(cause.code)) return null
    throw new Error('the Docker daemon does not say what it has', { cause })
  })
}

async function gone(request: (docker: Docker) => Promise<unknown>): Promise<void> {
  await request(new Docker()).catch((error: unknown) => {
    if (!(error instanceof Error && 'statusCode' in error && error.statusCode === 404)) throw error
  })
}
