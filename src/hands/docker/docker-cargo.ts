import { buffer } from 'node:stream/consumers'
import { pack } from 'tar-stream'
import type { Cargo } from '../cargo.ts'
import type { CargoAccess } from '../cargo-stream.ts'
import { giveCargo, readWhole } from '../cargo-stream.ts'
import { createInsideCargo } from '../inside-cargo.ts'
import { parseNotes, toUploadNote } from '../uploads.ts'
import { agent, nobody } from './container-spec.ts'

export interface DockerCargoOptions {
  readonly isAlive: CargoAccess['isAlive']
  /** @param user `uid:gid` */
  readonly open: (user: string, argv: readonly string[]) => ReturnType<CargoAccess['open']>
}

/** Far above what the notes of any session come to. */
const mostNotes = 16 * 1024 * 1024

/**
 * The cargo of a container, by processes inside. The daemon's own way, its archives, is not taken: as long as one is on
 * its way, the daemon neither starts a process in the container nor tells of it.
 */
export function createDockerCargo({ isAlive, open }: DockerCargoOptions): Cargo {
  const own: CargoAccess = { isAlive, open: (argv) => open(nobody, argv) }
  return {
    ...createInsideCargo({ isAlive, open: (argv) => open(agent, argv) }),

    async mount({ path, size, sha256, source }) {
      const { rest, name } = toUploadNote(path)
      await giveCargo(own, ['put_upload', rest, sha256, name, size], { source, mark: '.' })
    },

    async unmount(path) {
      const { rest, name } = toUploadNote(path)
      await readWhole(own, ['drop_upload', rest, name], 0)
    },

    mounted: async () => parseNotes((await readWhole(own, ['list_uploads'], mostNotes)).toString()),
  }
}

/**
 * What stands in `/mnt/session` from the start, as a tar: the folders of uploads and of what is known of them, which
 * belong to nobody, and that of outputs, the agent's own.
 */
export async function sessionFolders(): Promise<Buffer> {
  const tar = pack()
  const folders = [
    { name: 'uploads', owner: nobody, mode: 0o755 },
    { name: 'outputs', owner: agent, mode: 0o755 },
    { name: '.cargo', owner: nobody, mode: 0o700 },
    { name: '.cargo/files', owner: nobody, mode: 0o700 },
  ]
  for (const { name, owner, mode } of folders) {
    const id = Number(owner.split(':')[0])
    tar.entry({ name, type: 'directory', mode, uid: id, gid: id })
  }
  tar.finalize()
  return buffer(tar)
}
