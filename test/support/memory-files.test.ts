import { newId } from '../store/builders.ts'
import { fileStoreSuite } from '../suites/file-store.ts'
import { createMemoryFiles } from './memory-files.ts'

const files = createMemoryFiles()

fileStoreSuite(async () => ({ files, newWorkspace: async () => newId('wrkspc') }))
