import { createEngine } from '../../src/hands/docker/dockerode.ts'
import { DEFAULT_IMAGE } from '../../src/hands/docker/image.ts'

/**
 * Whether the tests that need Docker can run: a daemon answers and has the sandbox's image, which set-up builds. Where
 * not, says so on the console, but in CI as root, which has to provide both, rejects.
 */
export async function hasDocker(): Promise<boolean> {
  const reason = await findObstacle()
  if (reason === null) return true
  if (process.env['CI'] && process.getuid?.() === 0) throw new Error(`CI as root has to provide Docker: ${reason}`)
  console.log(`Docker tests are skipped: ${reason}`)
  return false
}

export type SandboxKind = 'local' | 'docker'

/** The kinds of sandboxes that can be had here, local ones always. */
export async function sandboxKinds(): Promise<readonly SandboxKind[]> {
  return (await hasDocker()) ? ['local', 'docker'] : ['local']
}

async function findObstacle(): Promise<string | null> {
  try {
    const isThere = await createEngine({ patience: { shortMs: 5_000, longMs: 5_000 } }).hasImage(DEFAULT_IMAGE)
    return isThere ? null : `the daemon has no image ${DEFAULT_IMAGE}: node scripts/setup.mjs`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
