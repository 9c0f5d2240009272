import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** How many bytes the files below a folder have together, those alone whose names are counted; 0 where there is none. */
export async function bytesIn(folder: string, isCounted = (_name: string): boolean => true): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries.filter((entry) => entry.isFile() && isCounted(entry.name))
  // One may go between the two looks.
  const sizes = files.map((file) =>
    stat(join(file.parentPath, file.name)).then(
      ({ size }) => size,
      () => 0,
    ),
  )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
