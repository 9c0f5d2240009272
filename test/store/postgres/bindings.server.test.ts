import { sandboxBindingStoreSuite } from '../../suites/sandbox-binding-store.ts'
import { useStores } from '../use-postgres.ts'

sandboxBindingStoreSuite(useStores())
