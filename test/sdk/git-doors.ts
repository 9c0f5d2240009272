import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import type { HostDoors } from '../../src/doors.ts'
import { connectDoors } from '../../src/doors.ts'
import type { PermitOf } from '../../src/permits.ts'
import { closedPermit, createPermitOf } from '../../src/permits.ts'
import type { GitServer } from '../support/git-server.ts'
import { startGitServer } from '../support/git-server.ts'
import { silentLog } from '../support/silent-log.ts'
import type { Stack } from '../support/stack.ts'

export interface GitDoors {
  /** The data folder, which the doors are in. */
  readonly data: string
  readonly server: GitServer
  readonly doors: HostDoors
  /** Opens them for what the sessions of this stack may reach; until then they lead nowhere. */
  serve(stack: Stack): void
}

/** A git server, and doors of sandboxes that lead to it, until the file's tests are over. */
export function useGitDoors(token: string): () => GitDoors {
  const stopping = new AbortController()
  let attending: Promise<void> = Promise.resolve()
  let present: GitDoors | undefined

  beforeAll(async () => {
    const data = await mkdtemp(join(tmpdir(), 'longhand-git-session-'))
    const server = await startGitServer(token)
    let stack: Stack | undefined
    let served: PermitOf = async () => closedPermit
    const doors = connectDoors(
      { data },
      {
        permitOf: (...asked) => served(...asked),
        versionsOf: async (sessions) => (await stack?.stores.resourceSecrets.versions(sessions)) ?? new Map(),
        log: silentLog,
        lookMs: 200,
      },
    )
    attending = doors.attend(stopping.signal)
    present = {
      data,
      server,
      doors,
      serve(next) {
        stack = next
        served = createPermitOf({ ...next.stores, box: next.secrets, github: server.url, log: silentLog })
      },
    }
  })
  afterAll(async () => {
    if (!present) return
    const { data, server, doors } = present
    stopping.abort()
    await attending
    await doors.end()
    await server[Symbol.asyncDispose]()
    await rm(data, { recursive: true, force: true })
  })

  return () => {
    if (!present) throw new Error('expected the doors to be used inside a test')
    return present
  }
}
