import { randomUUID } from 'node:crypto'
import { logArchiveSuite } from '../suites/log-archive.ts'
import { createMemoryArchive } from './memory-archive.ts'

const archive = createMemoryArchive()

logArchiveSuite(async () => ({
  archive,
  newSession: async () => randomUUID(),
  bury: async (session) => archive.bury(session),
}))
