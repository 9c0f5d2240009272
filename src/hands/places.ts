import type { Bound, SandboxBindings, SandboxRow } from './bindings.ts'
import type { Clone, Stores } from './fit.ts'
import { fit } from './fit.ts'
import type { ToolContext } from './hands.ts'
import { HandsUnavailable } from './hands.ts'
import type { Ending } from './receipt.ts'
import type { Recipe } from './recipe.ts'
import { MAIN, placeName } from './recipe.ts'
import { awaitRevival } from './revival.ts'
import type { Provisioned, Sandbox, SandboxProvider } from './sandbox.ts'
import { SandboxLost } from './sandbox.ts'
import { notesOf, supply } from './supply.ts'
import type { Whereabouts } from './whereabouts.ts'

/** What the hands say while they work; a Pino logger is one. */
export interface HandsLog {
  info(details: object, message: string): void
  warn(details: object, message: string): void
}

export interface PlaceOptions {
  readonly provider: SandboxProvider
  readonly bindings: SandboxBindings
  readonly log: HandsLog
  /** Without them nothing is put into sandboxes, and nothing of lost ones comes back. */
  readonly stores?: Stores
  /** Without it repositories are not cloned. */
  readonly clone?: Clone
  /** Without it all sandboxes are here. */
  readonly whereabouts?: Whereabouts
}

/** Whoever needs a place: what of a call says where it belongs, and what that is made of. */
export type Seeker = Pick<ToolContext, 'sessionId' | 'hand' | 'signal' | 'recipe' | 'supplies'>

/** A generation that is current, or was a moment ago; without a sandbox when that is gone or somewhere else. */
export interface Place {
  readonly row: SandboxRow
  readonly sandbox: Sandbox | null
  /** The host that has it and takes calls, where that is another one. */
  readonly elsewhere?: string
  /** Why it is lost, in a clause, where more is known than that. */
  readonly why?: string
}

/** What a call finds in its sandbox beside what calls did there. */
export interface Supplied {
  /** A sentence for each file that is not as it should be. */
  readonly notes: readonly string[]
  /** To be called once the model is told of them: until then whoever comes looks again. */
  readonly settle: () => Promise<void>
}

/** Where the calls of sessions run. */
export interface Places {
  /** The hand's current generation as it is now; null before its first call. */
  current(seeker: Seeker): Promise<Place | null>
  /**
   * Makes the generation after `gone`, with all that it is to have, and clears `gone` away, unless another worker has:
   * then that one's; `gone` itself where that was put away too early, and takes calls again. Rejects with `RecipeFailed`.
   */
  next(seeker: Seeker, gone: Place | null): Promise<Place>
  /** Brings the mounted files of a living sandbox up to what the session has now. */
  supply(place: Place, seeker: Seeker): Promise<Supplied>
  /**
   * Ends calls that were given up, in whatever hand of the session they run, as far as that is here. One may still be on
   * its way in another worker: bound here and claimed as cancelled, it can start nothing any more. One that is bound to an
   * earlier generation died with that.
   */
  endCalls(place: Place | null, context: Pick<ToolContext, 'sessionId' | 'abandoned' | 'signal'>): Promise<void>
  /** Destroys a sandbox that gave itself up: the next call must not find it alive without its runner. */
  bury(row: SandboxRow, cause: SandboxLost): Promise<void>
}

const AS_IT_IS: Supplied = { notes: [], settle: async () => undefined }

export function createPlaces(options: PlaceOptions): Places {
  const { provider, bindings, log } = options
  const maker = createMaker(options, bury)
  /** Those under way in this process, so that calls that come at once make one. */
  const making = new Map<string, Promise<Place>>()

  async function bury(row: SandboxRow, cause: SandboxLost): Promise<void> {
    log.warn({ sessionId: row.sessionId, generation: row.generation, reason: cause.message }, 'sandbox lost')
    await provider.destroy(row)
  }

  async function current({ sessionId, hand, signal }: Seeker): Promise<Place | null> {
    const row = await bindings.current(sessionId, hand)
    return row === null ? null : find(options, row, signal)
  }

  async function endCall({ row, sandbox, elsewhere }: Place, id: string): Promise<void> {
    if (elsewhere !== undefined) throw new HandsUnavailable(`its host ${elsewhere} ends it when the session is idle`)
    try {
      await sandbox?.cancel(id)
    } catch (error) {
      // What was given up ended with its sandbox; the call that asks finds out in its turn.
      if (!(error instanceof SandboxLost)) throw error
      await bury(row, error)
    }
  }

  return {
    bury,
    supply: (place, seeker) => supplyPlace(options, place, seeker),

    current,

    async next(seeker, gone) {
      const { sessionId, hand = MAIN } = seeker
      const name = `${placeName({ sessionId, hand })} ${gone?.row.generation ?? 0}`
      // What another call failed over, or was given up over, is no reason for this one.
      for (let shared = making.get(name); shared; shared = making.get(name)) {
        const place = await shared.catch(() => null)
        if (place !== null) return place
      }
      const made = maker(seeker, gone)
      making.set(name, made)
      try {
        return await made
      } finally {
        if (making.get(name) === made) making.delete(name)
      }
    },

    async endCalls(place, { sessionId, abandoned, signal }) {
      for (const id of abandoned) {
        const bound = place?.sandbox
          ? await bindings.bind(sessionId, id, { ...handOf(place), isGivenUp: true })
          : await bindings.bound(sessionId, id)
        if (bound === null) continue
        const { hand, generation } = bound
        const isHere = place !== null && handOf(place).hand === hand
        try {
          const there = isHere ? place : await current({ sessionId, hand, signal })
          if (there?.row.generation === generation) await endCall(there, id)
        } catch (error) {
          // That another hand is away is no reason for a call in this one.
          if (isHere || !(error instanceof HandsUnavailable)) throw error
          log.warn({ sessionId, hand, call: id, reason: error.message }, 'a call that was given up was not ended')
        }
      }
    },
  }
}

function handOf({ row: { hand = MAIN, generation } }: Place): Bound {
  return { hand, generation }
}

/** Makes generations, each whole before it is anybody's. */
function createMaker(
  options: PlaceOptions,
  bury: Places['bury'],
): (seeker: Seeker, gone: Place | null) => Promise<Place> {
  const { provider, log, stores = null, clone = null } = options

  async function fitOut(
    { image, ...made }: Provisioned,
    seeker: Seeker,
    { gone, recipe }: { readonly gone: Place | null; readonly recipe: Recipe | null },
  ): Promise<SandboxRow> {
    const { sessionId, hand = MAIN, signal } = seeker
    const sandbox = await provider.attach(made)
    if (sandbox === null) throw new HandsUnavailable('the sandbox was lost before it was ready')
    const before = gone === null ? null : { generation: gone.row.generation, ending: endingOf(gone) }
    const cargo = stores === null ? null : await provider.cargo(made)
    const common = {
      sessionId,
      hand,
      sandbox,
      cargo,
      image: image ?? null,
      before,
      recipe,
      read: seeker.recipe ?? null,
      stores,
      clone,
      signal,
    }
    try {
      const facts = await fit(common)
      const host = made.host ?? (await provider.host())
      return { ...made, ...(hand === MAIN ? {} : { hand }), host, supplies: facts.supplies, facts }
    } catch (error) {
      if (!(error instanceof SandboxLost)) throw error
      await bury(made, error)
      throw new HandsUnavailable('the sandbox was lost before it was ready', { cause: error })
    }
  }

  return async (seeker, gone) => {
    const { sessionId, hand = MAIN } = seeker
    const started = performance.now()
    const revived = gone && (await awaitRevival(gone, options.bindings, seeker.signal))
    if (revived) return find(options, revived, seeker.signal)
    const expected = gone?.row.generation ?? 0
    const key = { sessionId, ...(hand === MAIN ? {} : { hand }), generation: expected + 1 }
    const recipe = (await seeker.recipe?.()) ?? null
    const made = await fitOut(await provider.provision(key, recipe ?? undefined), seeker, { gone, recipe })
    const row = await publish(options, expected, made)
    const ms = Math.round(performance.now() - started)
    log.info({ sessionId, generation: row.generation, ms }, 'sandbox provisioned')
    // Two workers that made the same one have the same reference; what lost the race is nobody's.
    if (row.reference !== made.reference) await provider.destroy(made)
    // What is left on a host that takes no calls is that one's to clear away, should it come back.
    else if (gone !== null && gone.why === undefined) await provider.destroy(gone.row)
    return find(options, row, seeker.signal)
  }
}

/** The generation as it is now: here, on another host, or lost with that. */
async function find({ provider, whereabouts }: PlaceOptions, row: SandboxRow, signal: AbortSignal): Promise<Place> {
  const { host } = row
  const where = whereabouts && host ? await whereabouts.find(row, signal) : 'here'
  if (where === 'elsewhere' && host) return { row, sandbox: null, elsewhere: host }
  if (where === 'lost') return { row, sandbox: null, why: `its host ${host} takes no calls any more` }
  return { row, sandbox: await provider.attach(row) }
}

/**
 * The sandbox of a session that was deleted meanwhile is nobody's. What else fails says nothing of whether it was recorded,
 * or whether another maker has and works in it: whoever tries again finds it.
 */
async function publish({ provider, bindings }: PlaceOptions, expected: number, made: SandboxRow): Promise<SandboxRow> {
  try {
    return await bindings.replace(expected, made)
  } catch (error) {
    if (error instanceof Error && error.name === 'SessionBuried') await provider.destroy(made)
    throw error
  }
}

/** What became of a generation that no call can use any more. */
export function endingOf({ row, why }: Pick<Place, 'row' | 'why'>): Ending {
  if (row.retired && !row.isLost) return { how: 'put away' }
  return why === undefined ? { how: 'lost' } : { how: 'lost', why }
}

async function supplyPlace(
  { provider, bindings, stores }: PlaceOptions,
  { row }: Place,
  { sessionId, supplies = 0, recipe: read }: Seeker,
): Promise<Supplied> {
  if (!stores || !read || (row.supplies ?? 0) >= supplies) return AS_IT_IS
  const cargo = await provider.cargo(row)
  if (cargo === null) {
    const recipe = await read()
    const settle = () => bindings.supplied(row, recipe.supplies)
    return { notes: ['The files of the session cannot be put into this sandbox.'], settle }
  }
  const putIn = await supply({ cargo, stock: stores.stock, sessionId }, read)
  return { notes: notesOf(putIn), settle: () => bindings.supplied(row, putIn.supplies) }
}
