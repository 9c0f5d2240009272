import type { Shipment } from './shipment.ts'
import { lookAtShipment } from './shipment.ts'
import type { Stage } from './stage.ts'
import type { Turn } from './turn.ts'
import { playTurn } from './turn.ts'
import { until } from './until.ts'
import type { Claim } from './verdict.ts'

/** What the user says when the sandbox is gone. */
const AGAIN = 'Run the tests again.'

/** What came of a session whose sandbox was killed. */
export interface Loss extends Turn {
  /** Of the sandbox afterwards; null without one. */
  readonly generation: number | null
  /** What the new sandbox has of the command's doings. */
  readonly shipment: Shipment
}

interface LossOptions {
  readonly stage: Stage
  readonly session: string
  readonly print: (line: string) => void
  readonly signal: AbortSignal
}

/** Kills the sandbox of a session at rest, once its workspace was copied, and has the agent go on in the next one. */
export async function playLoss({ stage, session, print, signal }: LossOptions): Promise<Loss> {
  await until(
    signal,
    () => stage.isCopied(session),
    (isCopied) => isCopied,
  )
  const how = await stage.killSandbox(session)
  print(`  ✗ ${how.padEnd(16)} the sandbox of the first session is gone, with all its files and processes.`)
  const turn = await playTurn({ stage, session, said: AGAIN, behind: showReceipt, print, signal })
  const generation = (await stage.sandbox(session))?.generation ?? null
  return { ...turn, generation, shipment: await lookAtShipment(stage, session) }
}

/** The lines in which a result tells of a new sandbox, word for word. */
function receiptIn(text: string): readonly string[] {
  return /^\[This is a new sandbox [^\]]*\]/m.exec(text)?.[0].split('\n') ?? []
}

function showReceipt(text: string): readonly string[] {
  return receiptIn(text).map((line) => `    ${line}`)
}

/** That the session went on in a new sandbox with its files, and was told what it has and what is lost. */
export function claimsOnLoss({ results, answer, stopReason, generation, shipment }: Loss): readonly Claim[] {
  const receipt = results.flatMap(receiptIn).join('\n')
  return [
    [generation === 2, `the sandbox after the killed one is generation ${generation ?? 'none'}, not 2`],
    [receipt.includes('(generation 2); the one before it was lost'), 'no result says that the sandbox was lost'],
    [/^Restored: \/workspace as it was at /m.test(receipt), 'no result says what was restored'],
    [/^Lost: everything in \/tmp/m.test(receipt), 'no result says what was lost'],
    [shipment.ledger === 1, `ledger.txt has ${shipment.ledger} lines in the new sandbox`],
    [answer === 'All 6 tests pass again; still shipped once.', `the tests did not pass again: "${answer}"`],
    [stopReason === 'end_turn', `the session did not end its turn: ${stopReason ?? 'it was terminated'}`],
  ]
}
