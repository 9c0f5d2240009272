import { posix } from 'node:path'
import type { Refusal } from '../sandbox.ts'

const workspace = '/workspace'
/** Bytes that Linux takes of a path, and of each name in it. */
const longest = { path: 4_095, name: 255 }

/** Bytes of a file that `read` returns and `edit` changes at most. */
export const FILE_LIMIT = 256 * 1024

/** The plain absolute path in the sandbox that the model means, or what is wrong with it. */
export function toSandboxPath(path: string | undefined): { readonly path: string } | { readonly problem: string } {
  if (path !== undefined && /[\0\n]/.test(path))
    return { problem: `path ${JSON.stringify(path)} holds a line break or U+0000` }
  const resolved = posix.resolve(workspace, path ?? '.')
  const isTooLong = resolved.split('/').some((name) => Buffer.byteLength(name) > longest.name)
  if (isTooLong || Buffer.byteLength(resolved) > longest.path) {
    const limits = `expected at most ${longest.path} bytes and ${longest.name} for each name in it`
    return { problem: `path ${JSON.stringify(`${resolved.slice(0, 60)}…`)} is too long, ${limits}` }
  }
  return { path: resolved }
}

export function describeRefusal(path: string, reason: Refusal): string {
  switch (reason) {
    case 'missing':
      return `${path}: no such file or directory`
    case 'directory':
      return `${path}: is a directory, expected a file`
    case 'irregular':
      return `${path}: is not a regular file`
    case 'outside':
      return `path ${JSON.stringify(path)} is outside /workspace, /tmp and /mnt/session`
    case 'denied':
      return `${path}: permission denied`
    case 'full':
      return `${path}: no space left on device`
    case 'loop':
      return `${path}: too many levels of symbolic links`
  }
}

/** What the scripts of glob and grep say of the place to search in, in words. */
export function describeBadFolder(path: string, word: string): string {
  if (word === 'file') return `${path}: is a file, expected a folder`
  // The words are those of paths.sh, and `missing`.
  return describeRefusal(path, word as Refusal)
}

/** One word for `sh`, whatever it holds (no U+0000). */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
