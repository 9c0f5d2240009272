import { newWorkspace } from '../builders.ts'
import { useStores } from '../use-postgres.ts'
import { fileStoreSuite } from '../../suites/file-store.ts'

const open = useStores()

fileStoreSuite(async () => {
  const stores = await open()
  return { files: stores.files, newWorkspace: () => newWorkspace(stores) }
})
