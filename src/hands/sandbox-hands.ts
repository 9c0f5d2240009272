import type { Bound, SandboxBindings, SandboxRow } from './bindings.ts'
import { watchClearing } from './crowd.ts'
import type { Hands, Made, ToolContext, ToolOutcome } from './hands.ts'
import { HandsUnavailable } from './hands.ts'
import type { Place, PlaceOptions, Places, Seeker } from './places.ts'
import { createPlaces, endingOf } from './places.ts'
import type { Facts } from './receipt.ts'
import { bareFacts, callsIn, describeLoss, receiptOf, toMade } from './receipt.ts'
import { MAIN, RecipeFailed } from './recipe.ts'
import type { Sandbox } from './sandbox.ts'
import { SandboxLost } from './sandbox.ts'
import { takeAim } from './tools/aim.ts'
import type { PreparedCall } from './tools/prepare.ts'
import { prepareCall } from './tools/prepare.ts'

export interface SandboxHands extends Hands {
  /**
   * Makes the hand's sandbox if it has none, and answers what it is; `elsewhere` with the host that has it. Rejects with
   * `RecipeFailed` when what it is to be made of cannot be had.
   */
  prepare(seeker: Seeker): Promise<{ readonly made: Made } | { readonly elsewhere: string }>
  /** Ends every sandbox that was ever made for the session and removes its files. Idempotent. */
  destroySession(sessionId: string): Promise<void>
}

/** A generation that takes no more calls just when one comes is rare, and twice in a row it is somebody's mistake. */
const ROUNDS = 3

/** The sandbox tools. A call belongs to one generation for ever: it is never run again in another. */
export function createSandboxHands(options: PlaceOptions): SandboxHands {
  const { provider, bindings } = options
  const places = createPlaces(options)

  return {
    async execute(name, input, context) {
      const current = await places.current(context)
      if (current?.elsewhere !== undefined) return toElsewhere(current.elsewhere)
      await places.endCalls(current, context)
      const aimed = await takeAim(name, input, context)
      const call = 'problem' in aimed ? aimed : prepareCall(name, aimed.input)
      if ('problem' in call) return { text: call.problem, isError: true }

      const before = await bindings.bound(context.sessionId, context.toolUseId)
      try {
        const { place, bound } = before
          ? { place: current, bound: before }
          : await seat(current, { places, bindings, context })
        if (place?.elsewhere !== undefined) return toElsewhere(place.elsewhere)
        if (place === null || !isIn(place, bound)) return describeLoss(bound)
        return await run(call, place, { places, context })
      } catch (error) {
        if (!(error instanceof RecipeFailed)) throw error
        return { text: `No sandbox could be made for this call: ${error.message}`, isError: true }
      }
    },

    async prepare(seeker) {
      const current = await places.current(seeker)
      if (current?.elsewhere !== undefined) return { elsewhere: current.elsewhere }
      const { row } = isFree(current) ? current : await places.next(seeker, current)
      return { made: toMade(row, seeker.hand ?? MAIN, factsOf(row)) }
    },

    async destroySession(sessionId) {
      const current = await bindings.current(sessionId)
      const listed = await provider.list(sessionId)
      for (const row of current === null ? listed : [current, ...listed]) await provider.destroy(row)
    },
  }
}

function toElsewhere(host: string): ToolOutcome {
  return { text: '', isError: false, elsewhere: host }
}

/** Whether it is there and takes calls. */
function isFree(place: Place | null): place is Place & { readonly sandbox: Sandbox } {
  return place !== null && place.sandbox !== null && !place.row.retired
}

interface Seating {
  readonly places: Places
  readonly bindings: SandboxBindings
  readonly context: ToolContext
}

/** Binds the call to a generation that takes it, which is made when there is none. */
async function seat(
  current: Place | null,
  { places, bindings, context }: Seating,
): Promise<{ readonly place: Place; readonly bound: Bound }> {
  const { sessionId, hand = MAIN, toolUseId } = context
  let place = current
  for (let round = 0; round < ROUNDS; round++) {
    if (!isFree(place) && place?.elsewhere === undefined) {
      place = await places.next(context, place)
      await places.endCalls(place, context)
    }
    const bound = await bindings.bind(sessionId, toolUseId, { hand, generation: place.row.generation })
    if (bound !== null) return { place, bound }
    place = await places.current(context)
  }
  throw new HandsUnavailable(`the sandbox of ${sessionId} is being put away`)
}

async function run(
  call: PreparedCall,
  place: Place,
  { places, context }: { readonly places: Places; readonly context: ToolContext },
): Promise<ToolOutcome> {
  const { sandbox, row } = place
  const { hand = MAIN, generation } = row
  if (sandbox === null) return describeLoss({ hand, generation }, endingOf(place))
  const watched = watchClearing(sandbox)
  try {
    const told = await tellOf(row, watched.sandbox, context)
    const { notes, settle } = await places.supply(place, context)
    const outcome = await call.run({ sandbox: watched.sandbox, id: context.toolUseId, signal: context.signal })
    await settle()
    const lines = [...told.lines, ...[...notes, ...watched.notes()].map((note) => `[${note}]`)]
    const before = lines.length > 0 ? `${lines.join('\n')}\n\n` : ''
    return { ...outcome, text: `${before}${outcome.text === '' ? '(no output)' : outcome.text}`, ...told.made }
  } catch (error) {
    if (!(error instanceof SandboxLost)) throw error
    await places.bury(row, error)
    return describeLoss({ hand, generation })
  }
}

function isIn({ row: { hand = MAIN, generation } }: Place, bound: Bound): boolean {
  return hand === bound.hand && generation === bound.generation
}

/** What is known of a generation; of one from before anything was kept, that nothing came back. */
function factsOf({ generation, facts }: SandboxRow): Facts {
  if (facts) return facts
  if (generation === 1) return bareFacts
  return { ...bareFacts, before: { ending: { how: 'lost' }, copy: { of: 'nothing', because: 'there was no copy' } } }
}

/** What the model and the log do not know of the call's sandbox yet. */
async function tellOf(
  row: SandboxRow,
  sandbox: Sandbox,
  { hand = MAIN, known, toolUseId, nameCalls }: ToolContext,
): Promise<{ readonly lines: readonly string[]; readonly made?: { readonly made: Made } }> {
  const { generation } = row
  // What an earlier version made has no facts: its first call was told, and the log knows nothing of that.
  const isLogged = known !== undefined && row.facts !== undefined
  const isNew = isLogged ? generation > known : generation > 1 && (await isFirst(sandbox, toolUseId))
  if (!isNew) return { lines: [] }
  const facts = factsOf(row)
  const ids = callsIn(facts)
  const lines = (await nameCalls?.(ids)) ?? []
  const names = new Map(ids.flatMap((id, index) => (lines[index] ? [[id, lines[index]] as const] : [])))
  return { lines: receiptOf({ hand, generation }, facts, names), made: { made: toMade(row, hand, facts) } }
}

/** Whether this is the first call in the sandbox: whoever claims this run first leaves its id for all who ask later. */
async function isFirst(sandbox: Sandbox, toolUseId: string): Promise<boolean> {
  const request = { id: 'first-call', command: `echo ${toolUseId}`, timeoutMs: 10_000, capBytes: 2_048 }
  return (
    Buffer.from((await sandbox.run(request)).output)
      .toString()
      .trim() === toolUseId
  )
}
