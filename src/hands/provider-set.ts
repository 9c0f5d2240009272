import type { SandboxRow } from './bindings.ts'
import { HandsUnavailable } from './hands.ts'
import type { ListedSandbox, SandboxProvider } from './sandbox.ts'

/** One provider out of several: `chosen` makes the sandboxes, and each looks after those that it has made, or once made. */
export function createProviderSet(chosen: SandboxProvider, others: readonly SandboxProvider[]): SandboxProvider {
  function ownerOf({ provider }: SandboxRow): SandboxProvider {
    const owner = [chosen, ...others].find(({ kind }) => kind === provider)
    if (owner === undefined) throw new HandsUnavailable(`sandboxes of ${provider} cannot be reached from here`)
    return owner
  }
  return {
    kind: chosen.kind,
    provision: (key, recipe) => chosen.provision(key, recipe),
    attach: async (row) => ownerOf(row).attach(row),
    host: () => chosen.host(),
    cargo: async (row) => ownerOf(row).cargo(row),
    destroy: async (row) => ownerOf(row).destroy(row),
    doctor: (isThorough) => chosen.doctor(isThorough),

    /** What one of the others has left where it cannot be reached any more must not be in the way of the rest. */
    async list(sessionId) {
      const lists = [chosen.list(sessionId), ...others.map((other) => other.list(sessionId).catch(none))]
      return (await Promise.all(lists)).flat()
    },
  }
}

function none(error: unknown): readonly ListedSandbox[] {
  if (!(error instanceof HandsUnavailable)) throw error
  return []
}
