import { spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'

const keptLines = 20

/**
 * Runs a command to its end, never through a shell. Resolves with `code` (`null`: killed or not startable) and the last
 * lines of both outputs; `onLine` sees every line as it comes, `timeoutMs` kills.
 */
export function run(command, args, options = {}) {
  const { cwd, env, onLine, timeoutMs } = options
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs })
    const lines = []
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        onLine?.(line)
        lines.push(line)
        if (lines.length > keptLines) lines.shift()
      })
    }
    child.on('error', (error) => resolve({ code: null, output: error.message }))
    child.on('close', (code) => resolve({ code, output: lines.join('\n').trim() }))
  })
}

/** The path of an executable regular file of that name in `PATH`, or `undefined`. */
export async function which(name, env) {
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    if (folder === '') continue
    const path = join(folder, name)
    if (await isExecutable(path)) return path
  }
  return undefined
}

/** Whether `path` is a file that this user may execute. */
export async function isExecutable(path) {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
