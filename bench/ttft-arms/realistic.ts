import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openGate } from '../../src/egress/gate.ts'
import { defaultLimits } from '../../src/hands/docker/container-spec.ts'
import { createEngine } from '../../src/hands/docker/dockerode.ts'
import { createImages } from '../../src/hands/docker/images.ts'
import { permitToInstall } from '../../src/permits.ts'
import { dialTo, worldAuthority } from '../../test/egress/test-proxy.ts'
import { prepareFull } from '../../test/hands/docker/package-base.ts'
import { startRegistries } from '../../test/hands/docker/registries.ts'
import { startGitServer } from '../../test/support/git-server.ts'

/** What agents at work have: an image with runtimes and packages of the environment's, and a repository. */
export interface Realistic extends AsyncDisposable {
  readonly image: string
  readonly packages: { readonly pip: string[]; readonly npm: string[] }
  /** Where github.com is. */
  readonly github: string
  readonly repository: {
    readonly type: 'github_repository'
    readonly url: string
    readonly authorization_token: string
  }
  /** In words for the reader. */
  readonly about: string
}

const base = {
  name: 'longhand-bench-full:1',
  packages:
    'bash ca-certificates coreutils curl findutils gcc git grep less libc6-dev npm patch perl-base procps python3-pip ripgrep sqlite3 util-linux'.split(
      ' ',
    ),
}
const packages = { pip: ['longhand-hello'], npm: ['longhand-hello'] }
const none = { apt: [], cargo: [], gem: [], go: [] }
const files = 300
const bytesOfFile = 10_000
const name = 'bench/app'
const quiet = { info: () => undefined, warn: () => undefined }

/**
 * Answers why there is none where that is so. The base image is made once and stays, which takes a minute; the image
 * with the packages is made by what makes those of environments, and goes with disposal.
 */
export async function openRealistic(): Promise<Realistic | string> {
  const reason = await prepareFull(base)
  if (reason !== null) return reason
  const engine = createEngine()
  const image = await install()
  const token = randomBytes(12).toString('hex')
  const server = await startGitServer(token)
  const tree = Array.from({ length: files }, (_, index) => [`src/part${index % 20}/file${index}.txt`, toLines()])
  await server.create(name, Object.fromEntries(tree))
  const megabytes = ((await engine.image(image))?.size ?? 0) / 1e6
  return {
    image: base.name,
    packages,
    github: server.url,
    repository: { type: 'github_repository', url: `https://github.com/${name}`, authorization_token: token },
    about: `an image of ${megabytes.toFixed(0)} MB and a clone of ${files} files, ${(files * bytesOfFile) / 1e6} MB`,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await engine.removeImage(image)
    },
  }
}

/** Makes the image of the packages from registries on loopback, as a service's host would; answers its id. */
async function install(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'longhand-bench-'))
  await using registries = await startRegistries()
  const dial = dialTo(registries.world)
  try {
    await using gate = await openGate({ folder, dial, trusted: worldAuthority.certificate, log: quiet })
    const permit = { ...permitToInstall(undefined), authorities: worldAuthority.certificate }
    const images = createImages({
      engine: createEngine(),
      base: base.name,
      installation: randomBytes(6).toString('hex'),
      limits: defaultLimits,
      doors: { open: (door) => gate.open(door, permit), close: (door) => gate.close(door), names: async () => [] },
      log: quiet,
    })
    try {
      return await images.ensure({ packages: { type: 'packages', ...none, ...packages } })
    } finally {
      await images.end()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Text that packs as source does, to about half. */
function toLines(): string {
  return Array.from({ length: bytesOfFile / 100 }, () => `${randomBytes(33).toString('hex').padEnd(99)}\n`).join('')
}
