import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { forgetDoor, listDoors } from './door.ts'
import type { Permit } from './proxy-options.ts'
import { shorten } from './short-path.ts'

export interface GateClientOptions {
  /** The gate's own. */
  readonly folder: string
  /** Starts the process that works in the folder, which may run already: one that is too many ends by itself. */
  readonly start: () => void
  readonly patienceMs?: number
}

/** The gate of this host as another process sees it. */
export interface GateClient {
  /** Answers the folder to mount. Rejects when the process cannot be reached or does not answer within the patience. */
  open(name: string, permit: Permit): Promise<string>
  /** Gives a door another permit; one that is closed stays so. Rejects as `open` does. */
  renew(name: string, permit: Permit): Promise<void>
  /** Names of the doors, open or kept for the next process. */
  names(): Promise<readonly string[]>
  /** Without the process it removes what that has left. Rejects when it does not answer within the patience. */
  close(name: string): Promise<void>
  /**
   * Keeps the process alive once there is a door, and starts it again when it ends, until aborted.
   * @param begun called each time that a process is found, which may know nothing yet of credentials and tokens.
   */
  attend(signal: AbortSignal, begun?: () => void): Promise<void>
  /** Closes every door and ends the process, whoever started it; resolves when it is gone. */
  end(): Promise<void>
  /** Ends the process as `end` does, and leaves every door for the next one to open again. */
  halt(): Promise<void>
}

interface Question {
  readonly method: string
  readonly path: string
  readonly body?: string
  /** Of one whose answer has no end. */
  readonly signal?: AbortSignal
  /** Called when the answer begins. */
  readonly begun?: () => void
}

const usualPatienceMs = 10_000
const pollMs = 50
/** As long as a process that was started is given to come up before the next is. */
const startMs = 4_000

export function connectGate(options: GateClientOptions): GateClient {
  const { folder, patienceMs = usualPatienceMs } = options
  const insist = createInsistence({ ...options, patienceMs })
  let need = () => {}
  const needed = new Promise<void>((resolve) => (need = resolve))
  const pathOf = (name: string) => `/doors/${encodeURIComponent(name)}`

  return {
    async open(name, permit) {
      need()
      await mkdir(folder, { recursive: true, mode: 0o700 })
      return insist({ method: 'PUT', path: pathOf(name), body: JSON.stringify(permit) })
    },

    async renew(name, permit) {
      await insist({ method: 'PATCH', path: pathOf(name), body: JSON.stringify(permit) })
    },

    async names() {
      return (await listDoors(folder)).map(({ name }) => name)
    },

    async close(name) {
      try {
        await ask({ folder, patienceMs }, { method: 'DELETE', path: pathOf(name) })
      } catch (error) {
        if (!isAway(error)) throw error
        await forgetDoor(folder, name)
      }
    },

    async attend(signal, begun = () => {}) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      if ((await listDoors(folder)).length > 0) need()
      await Promise.race([needed, once(signal, 'abort')])
      while (!signal.aborted) {
        // It ends with the process, or with us.
        await insist({ method: 'GET', path: '/lease', signal, begun }).catch(() => {})
        await pause(pollMs, undefined, { signal }).catch(() => {})
      }
    },

    end: () => askAway(options, '/doors'),
    halt: () => askAway(options, '/process'),
  }
}

/** Asks as often as it takes for a process that is being started. */
function createInsistence({ folder, start, patienceMs }: Required<GateClientOptions>) {
  let lastStart = 0
  return async (question: Question): Promise<string> => {
    const deadline = Date.now() + patienceMs
    for (;;) {
      try {
        return await ask({ folder, patienceMs }, question)
      } catch (error) {
        if (!isAway(error) || Date.now() > deadline || question.signal?.aborted === true) throw error
        if (Date.now() - lastStart > startMs) {
          lastStart = Date.now()
          start()
        }
        await pause(pollMs)
      }
    }
  }
}

/** Asks until nobody is there to be asked. */
async function askAway({ folder, patienceMs = usualPatienceMs }: GateClientOptions, path: string): Promise<void> {
  const deadline = Date.now() + patienceMs
  try {
    while (Date.now() < deadline) {
      await ask({ folder, patienceMs }, { method: 'DELETE', path })
      await pause(pollMs)
    }
  } catch (error) {
    if (!isAway(error)) throw error
  }
}

interface Asking {
  readonly folder: string
  readonly patienceMs: number
}

/** A process that is there and says nothing is given up like one that is not there. */
async function ask({ folder, patienceMs }: Asking, question: Question): Promise<string> {
  const { method, path, body, begun, signal } = question
  const patience = AbortSignal.timeout(patienceMs)
  await using place = await shorten(folder)
  return await new Promise<string>((resolve, reject) => {
    const fail = (error: Error) => {
      const isSilent = signal === undefined && patience.aborted
      reject(isSilent ? new Error(`the egress process does not answer ${method} ${path}`, { cause: error }) : error)
    }
    const options = { socketPath: place.to('control.sock'), method, path, agent: false, signal: signal ?? patience }
    const outgoing = request(options, (response) => {
      begun?.()
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('error', fail)
      response.on('end', () => {
        if ((response.statusCode ?? 500) < 300) resolve(text)
        else reject(new Error(`the egress process refused ${method} ${path}: ${text}`))
      })
    })
    outgoing.on('error', fail)
    outgoing.end(body)
  })
}

/** Nobody listens: not yet, or not any more. */
function isAway(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && ['ENOENT', 'ECONNREFUSED', 'ECONNRESET'].includes(String(error.code))
  )
}
