import { createHash } from 'node:crypto'
import { readFile, readlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import type { Engine } from './hands/docker/engine.ts'
import { HandsUnavailable } from './hands/hands.ts'

/**
 * Name of the host that local sandboxes in this folder are on: of the machine, of the process ids' namespace that they
 * end with, and of the folder. Machines that share both their id and their name have to be told apart by a setting.
 */
export async function nameLocalHost(folder: string): Promise<string> {
  const machine = await readFile('/etc/machine-id', 'utf8').catch(() => '')
  return nameOf(machine.trim(), hostname(), await readlink('/proc/self/ns/pid'), folder)
}

/**
 * Name of the host that a daemon's containers are on: the same to every worker that uses the daemon. It is kept in the
 * file, because a daemon that does not answer has not lost its containers; null when it was never known.
 */
export async function nameDockerHost(engine: Pick<Engine, 'info'>, file: string): Promise<string | null> {
  try {
    const name = nameOf((await engine.info()).id)
    await writeFile(file, name)
    return name
  } catch (error) {
    if (!(error instanceof HandsUnavailable)) throw error
    return (await readFile(file, 'utf8').catch(() => '')) || null
  }
}

/** 12 hexadecimal digits. */
function nameOf(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 12)
}
