import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

export interface TerminalOptions {
  /** Arguments of node, which runs in the folder of the checkout. */
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** One after the other: when this was printed, that is typed, or done with what was printed so far. */
  readonly script: readonly (readonly [seen: RegExp, then: string | ((out: string) => void)])[]
}

/** Runs a program of ours on a terminal of 80 columns, as a person would: all that was shown, and its exit code. */
export async function runOnTerminal({ args, env, script }: TerminalOptions): Promise<{ code: unknown; out: string }> {
  const quoted = [process.execPath, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
  const command = `stty cols 80; ${quoted}`
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: root,
    env: { ...env, TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const left = [...script]
  let out = ''
  let unseen = ''
  child.stdout.setEncoding('utf8').on('data', (data: string) => {
    out += data
    unseen += data
    const [seen, then = ''] = left[0] ?? []
    if (!seen?.test(unseen)) return
    left.shift()
    unseen = ''
    if (typeof then === 'string') child.stdin.write(then)
    else then(out)
  })
  const [code] = await once(child, 'close')
  return { code, out }
}
