import { Readable } from 'node:stream'
import Docker from 'dockerode'
import { pack } from 'tar-stream'
import { readAll } from '../../src/hands/docker/multiplex.ts'

/** An image with one file, which is no program. */
export async function withoutShell(): Promise<AsyncDisposable & { readonly id: string }> {
  const docker = new Docker()
  const tar = pack()
  tar.entry({ name: 'empty' }, '')
  tar.finalize()
  const answer = await docker.importImage(Readable.from(tar), {})
  const said = (await readAll(answer)).toString()
  const id = /sha256:[0-9a-f]{64}/.exec(said)?.[0]
  if (id === undefined) throw new Error(`expected an image, got ${said}`)
  return { id, [Symbol.asyncDispose]: async () => void (await docker.getImage(id).remove()) }
}
