import type Anthropic from '@anthropic-ai/sdk'
import type { Ask } from './ask-person.ts'
import { describeCall } from './describe-call.ts'
import { EXIT } from './exit.ts'
import type { StreamedEvent } from './follow.ts'

/** What a person says of a call. */
export type Confirmation = Anthropic.Beta.Sessions.BetaManagedAgentsUserToolConfirmationEventParams
export type ToolUse = Extract<StreamedEvent, { type: 'agent.tool_use' }>

export interface ApprovalOptions {
  readonly ask: Ask
  readonly print: (line: string) => void
  /** Aborts when the calls need no answer any more. */
  readonly signal: AbortSignal
}

const QUESTION = '        Allow? [y]es, [N]o, or a note for the agent: '
const HELP = [
  '        y allows it. n, or just Enter, denies it. A note denies it too, and the',
  '        agent reads it: say why, or what to do instead. Ctrl+C and Ctrl+D leave',
  '        the session waiting.',
]
/** Units of UTF-16: the server takes no longer message with a denial. */
const NOTE_LENGTH = 8000

/**
 * Shows each call whole and asks a person about it. Answers what they decided on all of them; or, when they leave without
 * a word on all, the exit code to end with, and then nothing was decided.
 */
export async function askApproval(
  calls: readonly ToolUse[],
  options: ApprovalOptions,
): Promise<readonly Confirmation[] | number> {
  const { ask, print, signal } = options
  const decided: Confirmation[] = []
  for (const call of calls) {
    if (calls.length > 1) print(`asks    ${decided.length + 1} of ${calls.length}`)
    for (const line of describeCall(call)) print(line)
    let confirmation: Confirmation | null = null
    while (confirmation === null) {
      const typed = await ask(QUESTION, signal)
      if (typeof typed !== 'string') return typed === null ? EXIT.interrupted : EXIT.waits
      confirmation = toConfirmation(call.id, typed.trim())
      if (confirmation === null) explain(typed.trim(), print)
    }
    decided.push(confirmation)
  }
  return decided
}

/** Null for what is neither a yes, a no nor a note. */
function toConfirmation(id: string, typed: string): Confirmation | null {
  const about = { type: 'user.tool_confirmation', tool_use_id: id } as const
  if (/^y(es)?$/i.test(typed)) return { ...about, result: 'allow' }
  if (/^(no?)?$/i.test(typed)) return { ...about, result: 'deny' }
  // A slip of the finger is no reason to deny, nor to tell the agent.
  const isSlip = Array.from(typed).length === 1
  return isSlip || typed.length > NOTE_LENGTH ? null : { ...about, result: 'deny', deny_message: typed }
}

function explain(typed: string, print: (line: string) => void): void {
  if (typed.length > NOTE_LENGTH) print(`        That note is longer than ${NOTE_LENGTH} characters.`)
  else HELP.forEach(print)
}
