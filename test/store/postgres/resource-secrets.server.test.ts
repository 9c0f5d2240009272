import { resourceSecretStoreSuite } from '../../suites/resource-secret-store.ts'
import { useStores } from '../use-postgres.ts'

resourceSecretStoreSuite(useStores())
