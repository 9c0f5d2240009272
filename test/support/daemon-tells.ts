import Docker from 'dockerode'
import { onTestFinished } from 'vitest'
import { labels } from '../../src/hands/docker/container-spec.ts'
import { DEFAULT_IMAGE } from '../../src/hands/docker/image.ts'
import { newInstallation } from './installation.ts'

/** All that the daemon tells of a session's containers, what they changed in their images, those and their volumes. */
export async function inspectSession(session: string): Promise<ReadonlyMap<string, string>> {
  const docker = new Docker()
  const filters = { label: [`${labels.session}=${session}`] }
  const containers = await docker.listContainers({ all: true, filters })
  const each = async (ask: (row: Docker.ContainerInfo) => Promise<unknown>) =>
    JSON.stringify(await Promise.all(containers.map(ask)))
  return new Map([
    ['containers', await each(({ Id }) => docker.getContainer(Id).inspect())],
    ['changes', await each(({ Id }) => docker.getContainer(Id).changes())],
    ['images', await each(({ ImageID }) => docker.getImage(ImageID).inspect())],
    ['layers', await each(({ ImageID }) => docker.getImage(ImageID).history())],
    [
      'volumes',
      await each(({ Mounts }) =>
        Promise.all(Mounts.flatMap(({ Name }) => (Name ? [docker.getVolume(Name).inspect()] : []))),
      ),
    ],
  ])
}

/** A container like those of the session that has the word wherever the daemon can tell of it; it goes with the test. */
export async function plantInDaemon(session: string, word: string): Promise<void> {
  const docker = new Docker()
  const own = { [labels.installation]: newInstallation('planted'), planted: word }
  const made = await docker.createContainer({ Image: DEFAULT_IMAGE, Cmd: ['true'], Labels: own })
  onTestFinished(() => made.remove({ force: true }))
  const { Id: image } = (await made.commit({ comment: word, changes: `LABEL planted=${word}` })) as { Id: string }
  onTestFinished(() => docker.getImage(image).remove({ force: true }))
  await docker.createVolume({ Name: word, Labels: own })
  onTestFinished(() => docker.getVolume(word).remove())
  const container = await docker.createContainer({
    Image: image,
    Cmd: ['touch', `/tmp/${word}`],
    User: 'root',
    Labels: { ...own, [labels.session]: session },
    HostConfig: { NetworkMode: 'none', Mounts: [{ Type: 'volume', Source: word, Target: '/planted' }] },
  })
  onTestFinished(() => container.remove({ force: true }))
  await container.start()
  await container.wait()
}
