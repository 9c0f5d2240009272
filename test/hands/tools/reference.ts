import { spawn } from 'node:child_process'
import { access, mkdtemp, realpath, rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ToolOutcome } from '../../../src/hands/hands.ts'

const program = fileURLToPath(new URL('reference-program.ts', import.meta.url))
const leastNode = 24

/** The SDK's own tools, at work in a folder of their own. */
export interface Reference extends AsyncDisposable {
  /** Texts name their folder /workspace. */
  call(name: string, input: object): Promise<ToolOutcome>
}

/** A Node that runs the SDK's tools and worker. Null where there is none, but in CI, which has to provide it, rejects. */
export async function findReferenceNode(): Promise<string | null> {
  if (Number(process.versions.node.split('.')[0]) >= leastNode) return process.execPath
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const path = join(cache, 'longhand', 'node-24', 'node_modules', '.bin', 'node')
  try {
    await access(path)
    return path
  } catch (error) {
    if (process.env['CI']) throw error
    return null
  }
}

export async function startReference(node: string): Promise<Reference> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'longhand-reference-')))
  const child = spawn(node, [program, folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] },
  })
  const closed = new Promise((resolve) => child.once('close', resolve))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async call(name, input) {
      child.stdin.write(`${JSON.stringify({ name, input })}\n`)
      const { value, done } = await lines.next()
      if (done === true) throw new Error('expected the program of the SDK’s tools to answer')
      // Written by the program alone.
      const { text, isError } = JSON.parse(value) as ToolOutcome
      return { text: text.replaceAll(folder, '/workspace'), isError }
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      await closed
      await rm(folder, { recursive: true, force: true })
    },
  }
}
