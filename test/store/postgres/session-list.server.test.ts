import { sessionListStoreSuite } from '../../suites/session-list-store.ts'
import { useStores } from '../use-postgres.ts'

sessionListStoreSuite(useStores())
