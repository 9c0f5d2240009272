import { createHash } from 'node:crypto'
import { pack } from 'tar-stream'
import { buffer } from 'node:stream/consumers'
import type { CloudConfig } from '../../wire/types.ts'
import { RecipeFailed } from '../recipe.ts'
import { buildFolder, installScript } from './builder-spec.ts'

/** In the order in which they install. */
const managers = ['apt', 'cargo', 'gem', 'go', 'npm', 'pip'] as const

export type PackageLists = readonly (readonly [manager: string, packages: readonly string[]])[]

/**
 * What an environment asks for, by manager; empty when that is nothing.
 * @throws RecipeFailed for what a manager would not take for a package.
 */
export function toPackageLists(packages: CloudConfig['packages'] | undefined): PackageLists {
  const lists = managers.map((manager) => [manager, packages?.[manager] ?? []] as const)
  for (const [manager, names] of lists)
    for (const name of names)
      if (!/^[^-\s\0]/.test(name) || /[\0\n\r]/.test(name))
        throw new RecipeFailed(
          `packages of the environment: ${manager}: expected a package, got ${JSON.stringify(name)}`,
        )
  return lists.filter(([, names]) => names.length > 0)
}

/** Of what an image of these packages on this base holds: 16 hexadecimal digits. */
export function hashOf(base: string, lists: PackageLists): string {
  return digest([base, lists])
}

/** The same of any document. */
export function digest(document: unknown): string {
  return createHash('sha256').update(JSON.stringify(document)).digest('hex').slice(0, 16)
}

/** What a builder is given to do, as a tar archive to be unpacked at its root. */
export async function packTask(lists: PackageLists): Promise<Buffer> {
  const archive = pack()
  archive.entry({ name: buildFolder, type: 'directory', mode: 0o755 })
  archive.entry({ name: `${buildFolder}/install.sh` }, installScript)
  archive.entry({ name: `${buildFolder}/packages`, type: 'directory', mode: 0o755 })
  for (const [manager, names] of lists)
    archive.entry({ name: `${buildFolder}/packages/${manager}` }, names.map((name) => `${name}\0`).join(''))
  archive.finalize()
  return buffer(archive)
}
