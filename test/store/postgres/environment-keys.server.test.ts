import { environmentKeyStoreSuite } from '../../suites/environment-key-store.ts'
import { useStores } from '../use-postgres.ts'

environmentKeyStoreSuite(useStores())
