import Docker from 'dockerode'
import type { Container } from 'dockerode'
import type { Arm } from './interleave.ts'
import { time } from './interleave.ts'
import { toArm } from './spawn-arms.ts'

export interface RawDockerArms extends AsyncDisposable {
  /** Create, start, first exec; nothing hardened, no runner. */
  readonly cold: Arm
  /** One exec over the engine's API; the same by the `docker` command. */
  readonly api: Arm
  readonly cli: Arm
}

/** What Docker itself takes, with no more than a container without network. Disposal removes the living container. */
export async function createRawDockerArms(image: string): Promise<RawDockerArms> {
  const docker = new Docker()
  const living = await startContainer(docker, image)
  return {
    cold: {
      name: 'Docker alone: create, start, first exec',
      async once() {
        const start = performance.now()
        const container = await startContainer(docker, image)
        await execTrue(container)
        const took = performance.now() - start
        await container.remove({ force: true })
        return took
      },
    },
    api: { name: 'Docker alone: exec over its API', once: () => time(() => execTrue(living)) },
    cli: toArm('Docker alone: docker exec', ['docker', 'exec', living.id, 'true']),
    [Symbol.asyncDispose]: async () => void (await living.remove({ force: true })),
  }
}

async function startContainer(docker: Docker, image: string): Promise<Container> {
  const container = await docker.createContainer({
    Image: image,
    Entrypoint: ['sleep', '3600'],
    Cmd: [],
    Labels: { 'longhand.bench': 'sandbox' },
    HostConfig: { NetworkMode: 'none', Init: true },
  })
  await container.start()
  return container
}

async function execTrue(container: Container): Promise<void> {
  const exec = await container.exec({ Cmd: ['true'], AttachStdout: true, AttachStderr: true })
  const stream = await exec.start({})
  await new Promise((resolve, reject) => {
    stream.on('end', resolve).on('error', reject).resume()
  })
  const { ExitCode: code } = await exec.inspect()
  if (code !== 0) throw new Error(`expected true to exit with 0, got ${code}`)
}
