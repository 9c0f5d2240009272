import { spentSandboxStoreSuite } from '../../suites/spent-sandbox-store.ts'
import { useStores } from '../use-postgres.ts'

spentSandboxStoreSuite(useStores())
