import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'

/** A folder held open, so that sockets in it have paths of a length that the kernel takes, whatever its own is. */
export interface ShortPath extends AsyncDisposable {
  to(name: string): string
}

export async function shorten(folder: string): Promise<ShortPath> {
  const handle: FileHandle = await open(folder, 'r')
  return {
    to: (name) => `/proc/self/fd/${handle.fd}/${name}`,
    [Symbol.asyncDispose]: () => handle.close(),
  }
}
