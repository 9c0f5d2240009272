import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll } from 'vitest'
import { sandboxAccount } from '../../src/hands/account.ts'
import type { SandboxRow } from '../../src/hands/bindings.ts'
import type { Inside } from '../../src/hands/bubblewrap.ts'
import { createLocalProvider } from '../../src/hands/local.ts'
import type { Doors } from '../../src/hands/network.ts'
import type { RunRequest, Sandbox, SandboxProvider } from '../../src/hands/sandbox.ts'

const clientProgram = fileURLToPath(new URL('client-program.ts', import.meta.url))

/** What a client process does: see client-program.ts. */
export type ClientTask =
  | { readonly do: 'provision'; readonly sessionId: string; readonly generation: number }
  | { readonly do: 'mount'; readonly row: SandboxRow; readonly path: string }
  | { readonly do: 'run'; readonly row: SandboxRow; readonly request: Pick<RunRequest, 'id' | 'command' | 'queue'> }

/** Which provider a client process is to use. */
export type ClientPlace =
  | { readonly kind: 'local'; readonly folder: string }
  | { readonly kind: 'docker'; readonly installation: string }

/** A provider with what a test does to it from outside. */
export interface TestSandboxes {
  readonly provider: SandboxProvider
  /** A sandbox of a new session. */
  open(sessionId?: string): Promise<{ readonly row: SandboxRow; readonly sandbox: Sandbox }>
  /** Ends process 1 of a sandbox from outside. */
  kill(row: SandboxRow): Promise<void>
  /** Another process with a provider of its own at the same place. */
  startClient(task: ClientTask): ChildProcess
}

export interface LocalSandboxes extends TestSandboxes {
  readonly folder: string
  /** Where a file of the workspace is, outside. */
  pathOf(row: SandboxRow, name: string): string
  /** Its namespaces, to start processes in. */
  inside(row: SandboxRow): Promise<Inside>
}

let serial = 0

/**
 * A provider on a temporary folder; everything it made is destroyed after the file's tests.
 * @param doors the sandboxes' way to the network, if they are to have one.
 */
export function useLocalSandboxes(doors?: Doors): LocalSandboxes {
  let folder = ''
  let provider: SandboxProvider | undefined
  const present = () => {
    if (provider === undefined) throw new Error('expected the tests to have begun')
    return provider
  }
  async function pidOf({ reference }: SandboxRow): Promise<number> {
    const text = await readFile(join(folder, 'generations', reference, 'process.json'), 'utf8')
    return (JSON.parse(text) as { pid: number }).pid
  }
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longhand-hands-'))
    provider = createLocalProvider({ folder, ...(doors ? { doors } : {}) })
    const broken = (await provider.doctor()).filter(({ ok }) => !ok)
    if (broken.length > 0) throw new Error(`no sandbox is possible here: ${JSON.stringify(broken)}`)
  })
  afterAll(async () => {
    for (const row of await present().list()) await present().destroy(row)
    await rm(folder, { recursive: true, force: true })
  })
  return {
    get folder() {
      return folder
    },
    get provider() {
      return present()
    },
    open: (sessionId) => openSandbox(present(), sessionId),
    pathOf: ({ reference }, name) => join(folder, 'generations', reference, 'workspace', name),
    inside: async (row) => ({ pid: await pidOf(row), account: sandboxAccount(), door: null }),
    async kill(row) {
      process.kill(await pidOf(row), 'SIGKILL')
    },
    startClient: (task) => startClient({ kind: 'local', folder }, task),
  }
}

/** A sandbox of a new session, unless one is named. */
export async function openSandbox(provider: SandboxProvider, sessionId = `sesn_${process.pid}x${++serial}`) {
  const row = await provider.provision({ sessionId, generation: 1 })
  const sandbox = await provider.attach(row)
  if (sandbox === null) throw new Error('expected a new sandbox to live')
  return { row, sandbox }
}

export function startClient(place: ClientPlace, task: ClientTask): ChildProcess {
  const args = ['--import', 'tsx', clientProgram, JSON.stringify(place), JSON.stringify(task)]
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** What a client printed when it has ended. */
export async function outputOf(client: ChildProcess): Promise<string> {
  let text = ''
  client.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  await new Promise((resolve) => client.once('close', resolve))
  return text
}

/** Text of an output that is known to be text. */
export function show(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString()
}
