import { fileURLToPath } from 'node:url'
import type { Program } from './dev/dev-options.ts'

/** A process of ours by the name of its root: from source or from a build, like this one. */
export function programOf(name: string): Program {
  const isSource = import.meta.url.endsWith('.ts')
  const file = fileURLToPath(new URL(`./${name}.${isSource ? 'ts' : 'js'}`, import.meta.url))
  return { command: process.execPath, args: isSource ? ['--import', import.meta.resolve('tsx'), file] : [file] }
}
