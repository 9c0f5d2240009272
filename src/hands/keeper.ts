import { setTimeout as sleep } from 'node:timers/promises'
import type { SandboxRow } from './bindings.ts'
import type { Cargo } from './cargo.ts'
import { CargoRefused } from './cargo.ts'
import type { Collect } from './collector.ts'
import type { CopyStore } from './copies.ts'
import { keepCopy } from './copies.ts'
import type { OpenCalls } from './given-up.ts'
import { endGivenUp, GIVEN_UP_MS } from './given-up.ts'
import { HandsUnavailable } from './hands.ts'
import type { KeptSandbox, SandboxLedger } from './ledger.ts'
import type { DoorRow } from './orphans.ts'
import { createDoorWatch, doorsOf, findOrphans } from './orphans.ts'
import type { HandsLog } from './places.ts'
import type { Sandbox, SandboxProvider } from './sandbox.ts'

export interface KeeperSettings {
  /** Milliseconds without a call after which an idle sandbox is put away; 0: never. */
  readonly idleMs: number
  /** Bytes of a workspace that are copied at most; 0: none is copied. */
  readonly mostCopied: number
}

export interface KeeperOptions {
  readonly provider: Pick<SandboxProvider, 'attach' | 'cargo' | 'destroy' | 'list'>
  /** The hosts whose sandboxes these are, each with the kind of its provider. */
  readonly hosts: readonly { readonly host: string; readonly provider: string }[]
  readonly ledger: SandboxLedger
  readonly openCalls: OpenCalls
  readonly copies: CopyStore
  /** Without it outputs stay where they are. */
  readonly collect?: Collect
  /** Without them sandboxes have no way to the network. */
  readonly doors?: DoorRow
  /** Runs the work in one process of these hosts at a time; false when another one is at it. */
  readonly exclusively: (work: () => Promise<void>) => Promise<boolean>
  readonly settings: KeeperSettings
  readonly log: HandsLog
  /** Between two looks; may reject when the signal aborts. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<unknown>
}

/** What a pass needs; `now` is the host's own clock. */
interface Pass extends Omit<KeeperOptions, 'doors' | 'wait'> {
  /**
   * Until when a workspace is not copied again that could not be, by the names of {@link refusalOf} and {@link failureOf},
   * and a sandbox is left alone in which nothing ran, by {@link quietOf}, or commands were ended.
   */
  readonly refusals: Map<string, number>
  /** How often the outputs of a sandbox, by its reference, could not be had at its end. */
  readonly unheard: Map<string, number>
  readonly watchDoors?: ReturnType<typeof createDoorWatch>
  readonly signal: AbortSignal
  readonly now: number
}

const EVERY_MS = 5_000
const ORPHANS_MS = 60_000
/** Since the last call: what follows one at once is not worth a copy before it. */
const REST_MS = 5_000
/** A process in the background may write so long behind the last call and be heard. */
const COLLECTED_MS = 120_000
/** A sandbox whose workspace cannot be copied is left alone so long, unless it is used. */
const REFUSED_MS = 600_000
/** One in which nothing runs, unless it is used. */
const QUIET_MS = 600_000
/** One that gives no answer, and one whose copy failed elsewhere, as in a store that is full: all of it would be read again. */
const FAILED_MS = 60_000
/**
 * Tries, as far apart, to have the outputs of one whose session is over: its agent may keep them back for ever, and a
 * daemon that is in trouble for minutes must not cost them.
 */
const MOST_UNHEARD = 60
/** Sandboxes that are looked at, and copied, at the same time. */
const AT_ONCE = 2

/**
 * One loop on each host that has sandboxes: copies workspaces of idle sessions, puts away what is not used, ends
 * sandboxes and commands that nobody wants any more. It decides by the ledger, and whatever it ends it asks first, there
 * and inside.
 */
export function startKeeper(options: KeeperOptions): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const { signal } = stopping
  const running = keep(options, signal)
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}

async function keep(options: KeeperOptions, signal: AbortSignal): Promise<void> {
  const { doors, wait = (ms, ending) => sleep(ms, undefined, { signal: ending }), ...rest } = options
  const { exclusively, log } = rest
  const watch = doors === undefined ? {} : { watchDoors: createDoorWatch(doors) }
  const refusals = new Map<string, number>()
  const unheard = new Map<string, number>()
  let orphansAt = 0
  while (!signal.aborted) {
    const now = Date.now()
    try {
      await exclusively(async () => {
        const pass = { ...rest, ...watch, refusals, unheard, signal, now }
        if (now - orphansAt >= ORPHANS_MS) {
          orphansAt = now
          await clearAway(pass)
        }
        await tend(pass)
      })
    } catch (err) {
      if (!signal.aborted) log.warn({ err }, 'sandboxes were not looked after; it is tried again')
    }
    await wait(EVERY_MS, signal).catch(() => undefined)
  }
}

/** One look at every sandbox that is wanted here. One that fails keeps no other from its turn. */
export async function tend(pass: Pass): Promise<void> {
  const { ledger, hosts, refusals, signal, now } = pass
  const kept = await ledger.of(hosts.map(({ host }) => host))
  for (const [refusal, until] of refusals) if (now >= until) refusals.delete(refusal)
  // Where one without a host is, only who lists it can say.
  const waiting = kept.filter(({ row }) => row.host).values()
  const work = async () => {
    for (const one of waiting) if (!signal.aborted) await attempt(pass, one, () => lookOrRest(pass, one))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

/** Ends what is here and nobody wants, and adopts what is wanted and had no host yet. */
export async function clearAway(pass: Pass): Promise<void> {
  const { provider, hosts, ledger, log, watchDoors, now } = pass
  const listed = await provider.list()
  for (const orphan of await findOrphans(listed, ledger, now)) {
    const { sessionId, generation, reference } = orphan
    await attempt(pass, { row: orphan }, async () => {
      // What runs for a session that was deleted is nobody's, and may run for long.
      if (!orphan.isDeleted && (await (await provider.attach(orphan))?.busy())) {
        // Where whoever retired it died before he saw that, it takes calls again.
        await ledger.revive(orphan)
        return
      }
      await provider.destroy(orphan)
      log.info({ sessionId, generation, reference }, 'sandbox ended that nobody wanted')
    })
  }
  const references = new Set(listed.map(({ reference }) => reference))
  const wanted = (await ledger.of(hosts.map(({ host }) => host))).map(({ row }) => row)
  for (const row of wanted) {
    const host = hosts.find(({ provider: kind }) => kind === row.provider)?.host
    if (!row.host && host !== undefined && references.has(row.reference)) await ledger.adopt(row, host)
  }
  // What a provider cannot tell of at present keeps its door.
  await watchDoors?.(doorsOf([...listed, ...wanted]), now)
}

async function attempt(
  { log, signal }: Pass,
  { row: { sessionId, generation } }: Pick<KeptSandbox, 'row'>,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work()
  } catch (err) {
    if (!signal.aborted) log.warn({ err, sessionId, generation }, 'sandbox not looked after; it is tried again')
  }
}

/** An answer is waited for so long that it would be others' turn. */
async function lookOrRest(pass: Pass, kept: KeptSandbox): Promise<void> {
  try {
    await look(pass, kept)
  } catch (error) {
    if (error instanceof HandsUnavailable) pass.refusals.set(failureOf(kept), pass.now + FAILED_MS)
    throw error
  }
}

async function look(pass: Pass, kept: KeptSandbox): Promise<void> {
  const { provider, ledger, refusals, log, now } = pass
  const { row, usedAt, isGone } = kept
  if (isGone) {
    // Its workspace is nobody's, and nobody can call it. The files of an archived session can be read on.
    if ((await hearLast(pass, kept)) && (await ledger.retire(row, usedAt))) await provider.destroy(row)
    return
  }
  const { isDue, isChanged, isUnasked, isHeard } = needsOf(kept, pass)
  const isToAsk = isDue || isChanged || isUnasked
  if (!isToAsk && !isHeard) return
  const sandbox = await provider.attach(row)
  if (sandbox === null) {
    // Who calls it learns that; until then it is looked at no more than it has to be.
    if (isDue && (await ledger.retire(row, usedAt, { isLost: true }))) await provider.destroy(row)
    return
  }
  const cargo = await provider.cargo(row)
  if (cargo !== null && isHeard) await hear(pass, kept, cargo)
  if (!isToAsk) return
  if (await sandbox.busy()) {
    await endGivenUp(kept, sandbox, { ...pass, heldOff: refusals })
    return
  }
  refusals.set(quietOf(kept), now + QUIET_MS)
  if (!isDue && !isChanged) return
  const isSaved = await save(pass, kept, cargo)
  const isToEnd = isDue && (isSaved || kept.evictAt !== null)
  if (isToEnd && (await putAway(pass, kept, { sandbox, cargo })))
    log.info({ sessionId: row.sessionId, generation: row.generation }, 'sandbox put away')
}

/**
 * Copies the workspace, before the end too: what calls have left running writes on behind them. False when it may be lost
 * though there is room for it: time alone is no reason to end such a sandbox.
 */
async function save(pass: Pass, kept: KeptSandbox, cargo: Cargo | null): Promise<boolean> {
  const { ledger, copies, settings, log, signal, refusals, now } = pass
  if (cargo !== null && settings.mostCopied === 0) return true
  refusals.set(failureOf(kept), now + FAILED_MS)
  const isSaved =
    cargo !== null && (await keepCopy(kept, cargo, { ledger, copies, most: settings.mostCopied, log, signal }))
  refusals.delete(failureOf(kept))
  if (!isSaved) refusals.set(refusalOf(kept), now + REFUSED_MS)
  return isSaved
}

/** Of a sandbox as it was used last. */
function refusalOf({ row: { reference }, usedAt }: KeptSandbox): string {
  return `${reference} ${usedAt.getTime()}`
}

/**
 * That nobody could say whether it can be copied, or anything of it: then not even somebody who wants it put away can have
 * it ended.
 */
function failureOf(kept: KeptSandbox): string {
  return `${refusalOf(kept)} failed`
}

/** That nothing ran in it. */
function quietOf(kept: KeptSandbox): string {
  return `${refusalOf(kept)} quiet`
}

/** What there is to do about it as far as the ledger tells. */
function needsOf(kept: KeptSandbox, { settings: { idleMs, mostCopied }, collect, refusals }: Pass) {
  const { usedAt, unusedMs, evictAt, exportedAt, collectedAt } = kept
  const isRefused = refusals.has(refusalOf(kept))
  const isSilent = refusals.has(failureOf(kept))
  const isResting = !isAtWork(kept) && unusedMs >= REST_MS && !isSilent
  const isUnused = evictAt !== null || (idleMs > 0 && unusedMs >= idleMs && !isRefused)
  // Whoever copies it asks too.
  const isAsked = refusals.has(quietOf(kept)) || isSince(exportedAt, usedAt)
  const isMoving = isAtWork(kept) || unusedMs < COLLECTED_MS || !isSince(collectedAt, usedAt)
  return {
    isDue: isResting && isUnused,
    isChanged: isResting && mostCopied > 0 && !isRefused && !isSince(exportedAt, usedAt),
    isUnasked: isResting && unusedMs >= GIVEN_UP_MS && !isAsked,
    isHeard: collect !== undefined && isMoving && !isSilent,
  }
}

function isAtWork({ status }: KeptSandbox): boolean {
  return status === 'running' || status === 'rescheduling'
}

function isSince(moment: Date | null, usedAt: Date): boolean {
  return moment !== null && moment >= usedAt
}

async function hear(pass: Pass, kept: KeptSandbox, cargo: Cargo): Promise<void> {
  if ((await collectFrom(pass, kept.row, { cargo })) && !isAtWork(kept)) await pass.ledger.collected(kept.row)
}

/** Before the end of one whose session is over; false when that is to wait for another try. */
async function hearLast(pass: Pass, kept: KeptSandbox): Promise<boolean> {
  const { provider, collect, refusals, unheard, log } = pass
  const { row } = kept
  if (refusals.has(failureOf(kept))) return false
  const cargo = collect && (await provider.attach(row)) ? await provider.cargo(row) : null
  try {
    if (cargo !== null) await collectFrom(pass, row, { cargo, last: true })
  } catch (error) {
    const times = (unheard.get(row.reference) ?? 0) + 1
    if (!(error instanceof HandsUnavailable)) throw error
    unheard.set(row.reference, times)
    if (times < MOST_UNHEARD) throw error
    log.warn({ err: error, sessionId: row.sessionId, generation: row.generation }, 'outputs given up')
  }
  unheard.delete(row.reference)
  return true
}

/** Outputs that cannot be had keep nothing else from its turn. */
async function collectFrom(
  { collect, log }: Pass,
  row: SandboxRow,
  { cargo, last = false }: { readonly cargo: Cargo; readonly last?: boolean },
): Promise<boolean> {
  try {
    return (await collect?.(row, cargo, { last })) ?? false
  } catch (error) {
    if (!(error instanceof CargoRefused)) throw error
    const { sessionId, generation } = row
    log.warn({ sessionId, generation, reason: error.message }, 'outputs cannot be collected')
    return true
  }
}

/** From the retirement on no call can come; one that came before it is seen inside. */
async function putAway(
  pass: Pass,
  { row, usedAt }: KeptSandbox,
  { sandbox, cargo }: { readonly sandbox: Sandbox; readonly cargo: Cargo | null },
): Promise<boolean> {
  const { provider, ledger } = pass
  if (cargo !== null) await collectFrom(pass, row, { cargo, last: true })
  if (!(await ledger.retire(row, usedAt))) return false
  if (await sandbox.busy()) {
    await ledger.revive(row)
    return false
  }
  await provider.destroy(row)
  return true
}
