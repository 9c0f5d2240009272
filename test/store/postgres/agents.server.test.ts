import { agentStoreSuite } from '../../suites/agent-store.ts'
import { useStores } from '../use-postgres.ts'

agentStoreSuite(useStores())
