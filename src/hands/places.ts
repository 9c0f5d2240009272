import type { SandboxBindings, SandboxRow } from './bindings.ts'
import type { Sandbox, SandboxProvider } from './sandbox.ts'
import { SandboxLost } from './sandbox.ts'

/** What the hands say while they work; a Pino logger is one. */
export interface HandsLog {
  info(details: object, message: string): void
  warn(details: object, message: string): void
}

export interface PlaceOptions {
  readonly provider: SandboxProvider
  readonly bindings: SandboxBindings
  readonly log: HandsLog
}

/** A generation that is current, or was a moment ago; without a sandbox when that is gone. */
export interface Place {
  readonly row: SandboxRow
  readonly sandbox: Sandbox | null
}

/** Where the calls of sessions run. */
export interface Places {
  /** The current generation as it is now; null before the first call. */
  current(sessionId: string): Promise<Place | null>
  /** Makes the generation after `gone` and clears that away, unless another worker has: then that one's. */
  next(sessionId: string, gone: SandboxRow | null): Promise<Place>
  /**
   * Ends calls that were given up. One may still be on its way in another worker: bound here and claimed as cancelled,
   * it can start nothing any more. One that is bound to an earlier generation died with that.
   */
  endCalls(place: Place, ids: readonly string[]): Promise<void>
  /** Destroys a sandbox that gave itself up: the next call must not find it alive without its runner. */
  bury(row: SandboxRow, cause: SandboxLost): Promise<void>
}

export function createPlaces({ provider, bindings, log }: PlaceOptions): Places {
  async function bury(row: SandboxRow, cause: SandboxLost): Promise<void> {
    log.warn({ sessionId: row.sessionId, generation: row.generation, reason: cause.message }, 'sandbox lost')
    await provider.destroy(row)
  }

  /** A sandbox that cannot be recorded, because its session was deleted meanwhile, is nobody's. */
  async function replaceOr(made: SandboxRow, replace: () => Promise<SandboxRow>): Promise<SandboxRow> {
    try {
      return await replace()
    } catch (error) {
      await provider.destroy(made)
      throw error
    }
  }

  return {
    bury,

    async current(sessionId) {
      const row = await bindings.current(sessionId)
      return row === null ? null : { row, sandbox: await provider.attach(row) }
    },

    async next(sessionId, gone) {
      const started = performance.now()
      const expected = gone?.generation ?? 0
      const made = await provider.provision({ sessionId, generation: expected + 1 })
      const row = await replaceOr(made, () => bindings.replace(expected, made))
      const ms = Math.round(performance.now() - started)
      log.info({ sessionId, generation: row.generation, ms }, 'sandbox provisioned')
      // Two workers that made the same one have the same reference; what lost the race is nobody's.
      if (row.reference !== made.reference) await provider.destroy(made)
      else if (gone !== null) await provider.destroy(gone)
      return { row, sandbox: await provider.attach(row) }
    },

    async endCalls({ row, sandbox }, ids) {
      if (sandbox === null) return
      try {
        for (const id of ids) {
          const generation = await bindings.bind(row.sessionId, id, row.generation)
          if (generation === row.generation) await sandbox.cancel(id)
        }
      } catch (error) {
        // What was given up ended with its sandbox; the call that asks finds out in its turn.
        if (!(error instanceof SandboxLost)) throw error
        await bury(row, error)
      }
    },
  }
}
