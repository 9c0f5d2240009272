import { sessionOutputStoreSuite } from '../../suites/session-output-store.ts'
import { useStores } from '../use-postgres.ts'

sessionOutputStoreSuite(useStores())
