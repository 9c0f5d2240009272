import { sessionResourceStoreSuite } from '../../suites/session-resource-store.ts'
import { useStores } from '../use-postgres.ts'

sessionResourceStoreSuite(useStores())
