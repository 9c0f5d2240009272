import { keyStoreSuite } from '../../suites/key-store.ts'
import { useStores } from '../use-postgres.ts'

keyStoreSuite(useStores())
