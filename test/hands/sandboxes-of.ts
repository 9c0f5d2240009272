import type { SandboxKind } from '../support/docker.ts'
import { useDockerSandboxes } from './docker-sandboxes.ts'
import type { TestSandboxes } from './local-sandboxes.ts'
import { useLocalSandboxes } from './local-sandboxes.ts'

/** Sandboxes of a kind, for the tests of a file or of a block in it. */
export function useSandboxes(kind: SandboxKind): TestSandboxes {
  return kind === 'local' ? useLocalSandboxes() : useDockerSandboxes()
}
