import { sandboxLedgerSuite } from '../../suites/sandbox-ledger.ts'
import { useStores } from '../use-postgres.ts'

sandboxLedgerSuite(useStores())
