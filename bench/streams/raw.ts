import { fork } from 'node:child_process'
import { once } from 'node:events'

export interface Emission {
  readonly frames: number
  readonly gapMs: number
  /** Text in each frame, so that it is as long as those it is compared with. */
  readonly bytes: number
  /** Their paths are `/0`, `/1`, … where each gets its own frames. */
  readonly readers: number
  /** Every reader, or one after the other. */
  readonly to: 'all' | 'next'
}

/** The least that sends server-sent events: Node's own HTTP server, in a process of its own. */
export interface RawServer extends AsyncDisposable {
  readonly url: string
  readonly pid: number
  /** Resolves when the last frame was written. */
  emit(emission: Emission): Promise<void>
}

export async function startRawServer(env: NodeJS.ProcessEnv): Promise<RawServer> {
  const file = new URL('./raw-process.ts', import.meta.url)
  const child = fork(file, { execArgv: ['--import', 'tsx'], env: { ...process.env, ...env } })
  const ended = once(child, 'exit')
  const [port] = (await once(child, 'message')) as [number]
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    async emit(emission) {
      child.send(emission)
      await once(child, 'message')
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
