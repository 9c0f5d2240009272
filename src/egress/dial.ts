import { lookup } from 'node:dns/promises'
import type { LookupAddress } from 'node:dns'
import type { Socket } from 'node:net'
import { connect, isIP } from 'node:net'
import { isPublicAddress } from './addresses.ts'
import { Refusal } from './refusal.ts'
import type { Target } from './target.ts'

/** Opens a connection, or rejects with `Refusal`. */
export type Dial = (target: Target) => Promise<Socket>

export interface DialOptions {
  /** All addresses of a name; rejects as `dns.lookup` does. */
  readonly resolve?: (host: string) => Promise<readonly string[]>
  /** Whether connections may go to this address. */
  readonly isOpen?: (address: string) => boolean
  readonly patienceMs?: number
}

const usualPatienceMs = 15_000

/**
 * Connects to public addresses only: a name is looked up once, and the connection goes to what was found and looked at
 * then. What has no address and what has none that is public is told alike, or one could ask about names of the inside.
 */
export function createDial(options: DialOptions = {}): Dial {
  const { resolve = resolveAll, isOpen = isPublicAddress, patienceMs = usualPatienceMs } = options
  return async ({ host, port }) => {
    const found = isIP(host) === 0 ? await within(patienceMs, host, find(resolve, host)) : [host]
    const addresses = found.filter(isOpen)
    if (addresses.length === 0)
      throw new Refusal(403, `${host} has no public address, and others cannot be reached from this sandbox.`)
    return open({ addresses, host, port, patienceMs })
  }
}

async function resolveAll(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address)
}

async function find(resolve: (host: string) => Promise<readonly string[]>, host: string): Promise<readonly string[]> {
  try {
    return await resolve(host)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOTFOUND') return []
    throw new Refusal(502, `${host} cannot be looked up just now: try again.`, { cause })
  }
}

async function within<T>(ms: number, host: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Refusal(504, `${host} could not be looked up within ${ms / 1000} s.`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

interface Opening extends Target {
  readonly addresses: readonly string[]
  readonly patienceMs: number
}

function open({ addresses, host, port, patienceMs }: Opening): Promise<Socket> {
  const looked: LookupAddress[] = addresses.map((address) => ({ address, family: isIP(address) }))
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      allowHalfOpen: true,
      // Several addresses are tried one soon after the other; all of them were looked at.
      autoSelectFamily: true,
      lookup: (_host, _options, found) => found(null, looked),
    })
    const late = () => socket.destroy(new Refusal(504, `${host}:${port} did not answer within ${patienceMs / 1000} s.`))
    const timer = setTimeout(late, patienceMs)
    const onError = (cause: Error) => {
      clearTimeout(timer)
      const code = 'code' in cause ? String(cause.code) : cause.message
      reject(
        cause instanceof Refusal ? cause : new Refusal(502, `${host}:${port} does not answer (${code}).`, { cause }),
      )
    }
    socket.once('error', onError)
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.off('error', onError)
      socket.setNoDelay(true)
      socket.setKeepAlive(true, 60_000)
      resolve(socket)
    })
  })
}
