import { randomUUID } from 'node:crypto'
import { archiveResetsSuite } from '../suites/archive-resets.ts'
import type { ArchiveScene } from '../suites/log-archive.ts'
import { logArchiveSuite } from '../suites/log-archive.ts'
import { createMemoryArchive } from './memory-archive.ts'

const archive = createMemoryArchive()

async function open(): Promise<ArchiveScene> {
  return { archive, newSession: async () => randomUUID(), bury: async (session) => archive.bury(session) }
}

logArchiveSuite(open)
archiveResetsSuite(open)
