import { seconds } from './demo-lines.ts'
import { describeError } from './describe-error.ts'
import type { PlainRun } from './plain-run.ts'
import type { Evidence } from './verdict.ts'

/** Columns where the two sides begin. */
const OURS = 31
const THEIRS = 49

/** What is known of our side when the demo has been judged. */
export interface OwnRun extends Pick<Evidence, 'crash' | 'answer' | 'listed' | 'history' | 'shipment'> {
  /** Requests that the model's server got from our worker. */
  readonly modelCalls: number
  /** From the start of the session to its rest. */
  readonly ms: number
}

/** Both sides of the demo, in columns; every figure was counted in this run. */
export function toComparison(own: OwnRun, plain: PlainRun): readonly string[] {
  const lost = own.history.events.filter((id) => !own.listed.includes(id)).length
  const isAnswered = own.crash !== null && own.listed.includes(own.crash.message) && /Version \d/.test(own.answer)
  return [
    row('compared', 'Longhand', 'a plain loop'),
    row('  ledger.txt', count(own.shipment.ledger, 'line'), count(plain.shipment.ledger, 'line')),
    row('  model calls', `${own.modelCalls}`, `${plain.modelCalls}`),
    row(
      '  lost in the crash',
      `${lost} of ${own.history.events.length} events`,
      `${plain.messages - plain.kept} of ${plain.messages} messages`,
    ),
    row('  the message meanwhile', isAnswered ? 'answered' : 'not answered', describeMessage(plain)),
    row('  from task to end', seconds(own.ms), seconds(plain.ms)),
    "  Same task, model and kill. The plain loop's conversation is in memory alone;",
    `  ${seconds(plain.downMs)} after the kill a person starts it again with the same words.`,
    `  It ends with: "${plain.answer}"`,
  ]
}

/** Instead of a comparison: why there is none. */
export function describeMissing(error: unknown, baseUrl: string): readonly string[] {
  return [`compared  not measured, the plain loop did not do its part: ${describeError(error, baseUrl)}`]
}

function describeMessage({ isTaken, isTold }: PlainRun): string {
  if (isTold) return 'reached the model'
  return isTaken ? 'lost' : 'lost: nobody was there'
}

function row(what: string, ours: string, theirs: string): string {
  return `${what.padEnd(OURS)}${ours.padEnd(THEIRS - OURS)}${theirs}`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
