import type { Image, ImageDefaults, ImageEngine } from './engine.ts'
import { demultiplex } from './multiplex.ts'
import type { Requests } from './requests.ts'
import { within } from './requests.ts'

/** An image of some gigabytes is copied in minutes. */
const commitPatience = 10

/** What a daemon leaves out and `null` are the same to it. */
interface Inspected {
  readonly Id: string
  readonly Size: number
  readonly RepoTags: readonly string[] | null
  readonly Config: Omit<{ readonly [Name in keyof ImageDefaults]?: ImageDefaults[Name] | null }, 'Entrypoint'> & {
    readonly Labels?: Image['labels'] | null
    readonly Entrypoint?: string | readonly string[] | null | undefined
  }
  readonly Metadata?: { readonly LastTagTime?: string }
}

/** What a daemon is asked about images. */
export function createImageRequests({ ask, askOr, short, long }: Requests): ImageEngine {
  return {
    async image(name) {
      const found = await askOr([404], 'image inspect', (_, { brief }) =>
        within(short(), brief.getImage(name).inspect()),
      )
      return found && toImage(found)
    },

    async commit(container, { repo, tag, defaults, labels }) {
      const request = {
        _query: { container, repo, tag, pause: false },
        _body: { ...defaults, Labels: labels },
        ...long(commitPatience),
      }
      const made: unknown = await ask('commit', (docker) => docker.getContainer(container).commit(request))
      if (typeof made !== 'object' || made === null || !('Id' in made) || typeof made.Id !== 'string')
        throw new Error('expected the id of the image that Docker has made')
      return made.Id
    },

    async nameImage(id, name) {
      return (await askOr([404], 'image tag', (docker) => docker.getImage(id).tag({ ...name, ...short() }))) !== null
    },

    async images(label) {
      const query = { filters: JSON.stringify({ label: [label] }), ...short() }
      const found = await ask('image list', (docker) => docker.listImages(query))
      return [...new Set(found.map(({ Id }) => Id))]
    },

    async removeImage(id) {
      // 409: it is needed, or somebody else is removing it.
      await askOr([404, 409], 'image remove', (docker) => docker.getImage(id).remove({ force: false, ...long() }))
      const left = await askOr([404], 'image inspect', (_, { brief }) => within(short(), brief.getImage(id).inspect()))
      return left === null
    },

    async logs(container) {
      const request = { stdout: true, stderr: false, ...short() }
      const found = await askOr([404], 'container logs', (docker) => docker.getContainer(container).logs(request))
      return found && demultiplex(found).stdout
    },
  }
}

function toImage({ Id: id, Size: size, RepoTags, Config, Metadata }: Inspected): Image {
  const { Labels, User, WorkingDir, Env, Entrypoint, Cmd } = Config
  const defaults = {
    User: User ?? '',
    WorkingDir: WorkingDir ?? '',
    Env: Env ?? [],
    Entrypoint: [Entrypoint ?? []].flat(),
    Cmd: Cmd ?? [],
  }
  return { id, size, names: RepoTags ?? [], labels: Labels ?? {}, namedAt: toMoment(Metadata?.LastTagTime), defaults }
}

/** The zero of the daemon's language, in the year 1, is none. */
function toMoment(time: string | undefined): string | null {
  return time === undefined || time.startsWith('0001') ? null : time
}
