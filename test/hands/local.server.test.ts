import { sandboxProviderSuite } from '../suites/sandbox-provider.ts'
import { useLocalSandboxes } from './local-sandboxes.ts'

sandboxProviderSuite(useLocalSandboxes())
