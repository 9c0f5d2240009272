import type { RepositoryErrorType } from '../wire/types.ts'
import { readScripts } from './exchange.ts'
import { proxy } from './network.ts'
import type { RecipeRepository, RepositoryFault } from './recipe.ts'
import type { RunResult, Sandbox } from './sandbox.ts'

const clone = readScripts('./clone.sh')
const patienceMs = 600_000
const outputBytes = 8_192
const mostCharacters = 300
/** One that was given up, by an interrupt or by a sandbox that ended all its processes, is begun anew so often. */
const mostTries = 5

/**
 * Clones the repositories that are not there yet, one after the other. Each is one run with an id of its own, so that all
 * who make a sandbox get the same answer. What cannot be had is a fault, never a rejection; aborted, it rejects with the
 * signal's reason.
 */
export async function cloneRepositories(
  sandbox: Pick<Sandbox, 'run'>,
  repositories: readonly RecipeRepository[],
  signal: AbortSignal,
): Promise<readonly RepositoryFault[]> {
  const faults: RepositoryFault[] = []
  for (const repository of repositories) {
    const fault = toFault(repository, await cloneOne(sandbox, repository, signal))
    if (fault !== null) faults.push(fault)
  }
  return faults
}

async function cloneOne(
  sandbox: Pick<Sandbox, 'run'>,
  { resource, url, path, checkout }: RecipeRepository,
  signal: AbortSignal,
): Promise<RunResult> {
  for (let tries = 1; ; tries++) {
    signal.throwIfAborted()
    const result = await sandbox.run({
      id: `repository_${resource}_${tries}`,
      command: clone,
      queue: 'repositories',
      timeoutMs: patienceMs,
      capBytes: outputBytes,
      env: {
        URL: url,
        BRANCH: checkout?.type === 'branch' ? checkout.name : '',
        COMMIT: checkout?.type === 'commit' ? checkout.sha : '',
        TARGET: path,
        // Words are looked for in what git says.
        LC_ALL: 'C',
        GIT_TERMINAL_PROMPT: '0',
        // What LFS keeps elsewhere cannot be had; the rest can.
        GIT_LFS_SKIP_SMUDGE: '1',
      },
      signal,
    })
    signal.throwIfAborted()
    if ((result.reason !== 'cancelled' && result.reason !== 'lost') || tries === mostTries) return result
  }
}

const told = /^remote: (repository_(?:authentication|forbidden|not_found|checkout|clone)_error): (.+)$/m
const missing =
  /Remote branch .* not found|couldn't find remote ref|reference is not a tree|unadvertised object|not our ref|unable to read tree/i

/** What a clone came to; null when it is there. Of git's own words the last that name a reason count. */
export function toFault(
  { resource, url, checkout }: RecipeRepository,
  { reason, code, output }: Pick<RunResult, 'reason' | 'code' | 'output'>,
): RepositoryFault | null {
  // Something else in the sandbox may have been killed for want of memory meanwhile.
  if ((reason === 'exit' || reason === 'oom') && code === 0) return null
  const said = Buffer.from(output).toString()
  const fault = (type: RepositoryErrorType, message: string): RepositoryFault => ({
    resource,
    url,
    type,
    message: plain(message, url),
  })
  // By the proxy, which has the wire's name for it.
  const [, type, sentence] = told.exec(said) ?? []
  if (type !== undefined && sentence !== undefined) return fault(type as RepositoryErrorType, sentence)
  if (reason === 'timeout')
    return fault('repository_clone_error', `git took longer than ${patienceMs / 60_000} minutes.`)
  if (reason === 'oom') return fault('repository_clone_error', 'git took more memory than the sandbox has.')
  if (checkout !== null && missing.test(said)) {
    const what = checkout.type === 'branch' ? `branch ${checkout.name}` : `commit ${checkout.sha}`
    return fault('repository_checkout_error', `The repository has no ${what}.`)
  }
  const lines = said.split('\n').map((line) => line.trim())
  const last = lines.findLast((line) => /^(?:fatal|error): /.test(line)) ?? lines.findLast((line) => line !== '')
  return fault('repository_clone_error', last?.replace(/^(?:fatal|error): /, '') ?? `git ended with ${reason} ${code}.`)
}

/** Without what nobody can read and without addresses that mean something in the sandbox alone. */
function plain(message: string, url: string): string {
  const readable = message
    .replaceAll(`${proxy}/git/${url.replace(/^https?:\/\//, '')}`, url)
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
  // By characters: half of one could not be stored.
  return Array.from(readable).slice(0, mostCharacters).join('')
}
