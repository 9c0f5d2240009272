import { describe, expect } from 'vitest'
import { rebuiltSandboxSuite } from '../suites/rebuilt-sandbox.ts'
import { hasDocker } from '../support/docker.ts'
import { useDockerSandboxes } from './docker-sandboxes.ts'
import { useLocalSandboxes } from './local-sandboxes.ts'

describe('local sandboxes', () => {
  rebuiltSandboxSuite(useLocalSandboxes())
})

describe.runIf(await hasDocker())('Docker sandboxes', () => {
  rebuiltSandboxSuite(useDockerSandboxes(), expect.stringMatching(/^sha256:/))
})
