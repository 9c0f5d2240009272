import { describeMissing, toComparison } from './comparison.ts'
import { seconds, toLine } from './demo-lines.ts'
import { claimsOnLoss, playLoss } from './loss.ts'
import type { PlainRun } from './plain-run.ts'
import { runPlainLoop } from './plain-run.ts'
import type { PresentOptions, Show } from './present.ts'
import { announceSession, presentShow } from './present.ts'
import { ensureAgent, ensureEnvironment } from './provisions.ts'
import { playScene } from './scene.ts'
import { lookAtShipment } from './shipment.ts'
import type { Stage } from './stage.ts'
import { claimsOnTheft, playTheft } from './theft.ts'
import type { Claim } from './verdict.ts'
import { gatherEvidence, gatherLog, judge } from './verdict.ts'

const TASK = 'Write slug.sh with tests, make them pass, then ship it with ./ship.sh (adds one line to ledger.txt).'
/** A demo that takes longer than this has failed. */
const LIMIT_MS = 180_000

export interface DemoOptions extends PresentOptions {
  /** How long the plain loop stays down, in ms. */
  readonly downMs?: number
}

/**
 * A session through the official client that loses its worker in the middle of a command and its sandbox afterwards,
 * beside it a plain loop that loses the former, and a session whose agent is told to steal. Answers 0 only if everything
 * that it claims of the sessions was checked and holds.
 */
export async function runDemo({ downMs, ...options }: DemoOptions): Promise<number> {
  const show: Show = (shown) => showShipping(shown, downMs)
  return presentShow(options, { model: 'scripted, offline', limitMs: LIMIT_MS, show })
}

async function showShipping({ stage, print, signal }: Parameters<Show>[0], downMs?: number): Promise<boolean> {
  const { client } = stage
  const began = performance.now()
  const agent = await ensureAgent(client, { signal })
  const environment_id = await ensureEnvironment(client, { signal })
  const session = await announceSession({ stage, print, signal }, { agent, environment_id, title: 'demo' })
  print(toLine('you', TASK))
  let plain: Promise<Compared> | null = null
  // Not before: its start would take the processor from what is measured until then.
  const onFirstWord = (): void => void (plain = compare({ stage, signal, downMs }))
  const play = await playScene({ stage, session, task: TASK, onFirstWord, print, signal })
  const ms = performance.now() - began
  const evidence = await gatherEvidence(stage, { session, play, shipment: await lookAtShipment(stage, session) })
  print('')
  const more = await showMore({ stage, print, signal }, { session, agent, hasSandbox: play.crash !== null })
  const { ok, summary, problems } = judge(evidence, await gatherLog(stage, session), more)
  const compared = await (plain ?? compare({ stage, signal, downMs }))
  const lines =
    'error' in compared
      ? describeMissing(compared.error, client.baseURL)
      : toComparison({ ...evidence, modelCalls: evidence.paid ?? 0, ms }, compared.run)
  for (const line of lines) print(line)
  print('')
  const command = evidence.commandSeconds?.toFixed(1) ?? '?'
  print(`${ok ? 'PASS' : 'FAIL'}  ${summary} · ${seconds(ms)}, of which ${command} s your command`)
  for (const problem of problems) print(`      ✗ ${problem}`)
  return ok
}

/** The acts behind the crash: a thief in a session of its own, and a sandbox that dies. Answers what they claim. */
async function showMore(
  { stage, print, signal }: Parameters<Show>[0],
  { session, agent, hasSandbox }: { readonly session: string; readonly agent: string; readonly hasSandbox: boolean },
): Promise<readonly Claim[]> {
  const repository = stage.scripted?.repository ?? null
  if (repository === null) print(toLine('thief', 'not shown: this machine has no git that can serve a repository'))
  const theft = repository && (await playTheft({ stage, repository, agent, print, signal }))
  print('')
  const loss = hasSandbox ? await playLoss({ stage, session, print, signal }) : null
  print('')
  return [...(theft ? claimsOnTheft(theft) : []), ...(loss ? claimsOnLoss(loss) : [])]
}

type Compared = { readonly run: PlainRun } | { readonly error: unknown }

/** Never rejects: what the plain loop does is no claim of the demo, but it is told. */
async function compare({
  stage: { scripted },
  signal,
  downMs,
}: {
  readonly stage: Stage
  readonly signal: AbortSignal
  readonly downMs: number | undefined
}): Promise<Compared> {
  if (scripted === null) return { error: new Error('there is no scripted model') }
  try {
    return { run: await runPlainLoop({ loop: scripted.plainLoop, task: TASK, signal, downMs }) }
  } catch (error) {
    return { error }
  }
}
