import type { Hands, ToolOutcome } from './hands.ts'
import type { PlaceOptions } from './places.ts'
import { createPlaces } from './places.ts'
import type { Sandbox } from './sandbox.ts'
import { SandboxLost } from './sandbox.ts'
import { prepareCall } from './tools/prepare.ts'

export interface SandboxHands extends Hands {
  /** Ends every sandbox that was ever made for the session and removes its files. Idempotent. */
  destroySession(sessionId: string): Promise<void>
}

/** The sandbox tools. A call belongs to one generation for ever: it is never run again in another. */
export function createSandboxHands(options: PlaceOptions): SandboxHands {
  const { provider, bindings } = options
  const places = createPlaces(options)

  return {
    async execute(name, input, { sessionId, toolUseId, abandoned, signal }) {
      let place = await places.current(sessionId)
      if (place !== null) await places.endCalls(place, abandoned)
      const call = prepareCall(name, input)
      if ('problem' in call) return { text: call.problem, isError: true }

      let bound = await bindings.bound(sessionId, toolUseId)
      if (bound === null) {
        if (place === null || place.sandbox === null) {
          place = await places.next(sessionId, place?.row ?? null)
          await places.endCalls(place, abandoned)
        }
        bound = await bindings.bind(sessionId, toolUseId, place.row.generation)
      }
      if (place === null || place.sandbox === null || place.row.generation !== bound) return describeLoss(bound)

      const { row, sandbox } = place
      try {
        const isFirst = row.generation > 1 && (await firstCall(sandbox, toolUseId)) === toolUseId
        const outcome = await call.run({ sandbox, id: toolUseId, signal })
        const text = outcome.text === '' ? '(no output)' : outcome.text
        return { ...outcome, text: isFirst ? `${describeReplacement(row.generation)}\n\n${text}` : text }
      } catch (error) {
        if (!(error instanceof SandboxLost)) throw error
        await places.bury(row, error)
        return describeLoss(bound)
      }
    },

    async destroySession(sessionId) {
      const current = await bindings.current(sessionId)
      const listed = (await provider.list()).filter((row) => row.sessionId === sessionId)
      for (const row of current === null ? listed : [current, ...listed]) await provider.destroy(row)
    },
  }
}

/** Id of the first call in this sandbox: whoever claims this run first leaves its id for all who ask later. */
async function firstCall(sandbox: Sandbox, toolUseId: string): Promise<string> {
  const request = { id: 'first-call', command: `echo ${toolUseId}`, timeoutMs: 10_000, capBytes: 2_048 }
  return Buffer.from((await sandbox.run(request)).output)
    .toString()
    .trim()
}

function describeLoss(generation: number): ToolOutcome {
  const text =
    `The sandbox of this call (generation ${generation}) was lost before the call gave a result. Its files in /workspace, ` +
    'its processes and the shell state are gone. Whether the call had an effect before that is unknown; it was not run ' +
    'again. The next call gets a fresh, empty sandbox.'
  return { text, isError: true }
}

function describeReplacement(generation: number): string {
  return (
    `[This is a fresh, empty sandbox (generation ${generation}). The one before it was lost: its files in /workspace, its ` +
    'processes and the shell state are gone and nothing was restored.]'
  )
}
