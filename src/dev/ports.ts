import { randomInt } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'

const loopback = '127.0.0.1'

/** Below what Linux and macOS give to outgoing connections: one of those would take the port before its server does. */
const range = { from: 16_384, to: 32_768 }

/** Whether nothing listens on this loopback port. */
export async function isPortFree(port: number): Promise<boolean> {
  return (await listenOnce(port)) !== undefined
}

/** Free loopback ports, all different, in the order of `names`. */
export async function findFreePorts<Name extends string>(names: readonly Name[]): Promise<Record<Name, number>> {
  const found = new Map<Name, number>()
  for (const name of names) {
    let port = await listenOnce(randomInt(range.from, range.to))
    while (port === undefined || [...found.values()].includes(port))
      port = await listenOnce(randomInt(range.from, range.to))
    found.set(name, port)
  }
  // Every name was given a port in the loop above.
  return Object.fromEntries(found) as Record<Name, number>
}

/**
 * Free loopback ports that stay the same from start to start, so that links keep working: `file` remembers them, and
 * each is replaced only when something else has taken it.
 */
export async function keepPorts<Name extends string>(
  file: string,
  names: readonly Name[],
): Promise<Record<Name, number>> {
  const ports = await findFreePorts(names)
  const kept = await readPorts(file)
  for (const name of names) {
    const port = kept[name]
    if (typeof port === 'number' && (await isPortFree(port))) ports[name] = port
  }
  await writeFile(`${file}.new`, `${JSON.stringify({ ...kept, ...ports })}\n`)
  await rename(`${file}.new`, file)
  return ports
}

/** What `file` remembers; nothing where it is missing or damaged. */
export async function readPorts(file: string): Promise<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'))
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch (error) {
    // Nothing is lost with a missing or damaged file but the sameness of the ports.
    if (error instanceof SyntaxError || (error instanceof Error && 'code' in error && error.code === 'ENOENT'))
      return {}
    throw error
  }
}

function listenOnce(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined)
      else reject(error)
    })
    server.listen({ port, host: loopback, exclusive: true }, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined))
    })
  })
}
