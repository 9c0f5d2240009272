import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from './programs.ts'

/** A socket in the place of Docker's, until the test ends: it takes connections, never answers, and counts them. */
export async function listenAsDocker(): Promise<{ readonly address: string; asked(): number }> {
  const path = join(await temporaryFolder(), 'docker.sock')
  let asked = 0
  const server = createServer((socket) => {
    asked += 1
    socket.destroy()
  }).listen(path)
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return { address: `unix://${path}`, asked: () => asked }
}
