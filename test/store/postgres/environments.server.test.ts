import { environmentStoreSuite } from '../../suites/environment-store.ts'
import { useStores } from '../use-postgres.ts'

environmentStoreSuite(useStores())
