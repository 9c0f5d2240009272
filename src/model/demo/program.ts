/*
 * Programs: user messages that tell the demo model what to answer, so that a test can predict a whole session.
 *
 *   #program            the first line; `#program now` drops what is left of the programs before it
 *   SAY text            a text block; in double quotes: a JSON string
 *   THINK text          a thinking block
 *   TOOL name {json}    one tool call
 *   PARALLEL n          the n TOOL lines that follow are made in one step; SEARCH and FETCH among them are left to the next
 *   SEARCH query        a search of the web, which the API carries out: the three sites that there are, as far as its tool may
 *   FETCH url           a page; `?characters=n` makes it longer, a path that ends in `.pdf` another kind
 *   PAUSE               ends a step that uses the web with stop reason `pause_turn`, and leaves a SEARCH or FETCH before it to the next one
 *   SLEEP ms            waits before the step's answer begins
 *   FAIL status [xN] [retry-after=value]      N answers with that status
 *   ERROR type [xN]     N streams that break off with an error event, as `ERROR overloaded_error`
 *   GARBAGE [xN]        N streams with a line that is no JSON
 *   CUT [xN]            N connections that close in the middle of the answer
 *   STALL [xN]          N answers that begin and then fall silent
 *   REFUSE [category=name] [text]      ends the step with stop reason `refusal`, that category and that explanation
 *   MAX_TOKENS          ends the step with stop reason `max_tokens`
 *   FULL                ends the step with stop reason `model_context_window_exceeded`
 *
 * Empty lines and lines that begin with `# ` are skipped. A step is everything up to and with the next TOOL,
 * PARALLEL group, REFUSE, PAUSE, MAX_TOKENS or FULL, or to the end; each assistant message of the transcript stands for one step
 * that was done. A program that arrives while another one is under way is done after it. When nothing is left, the
 * answer is `Done.`; a step that answers nothing (a REFUSE without SAY) leaves no trace and is done again.
 * Asked for a summary, the model writes down the rest of the program, so that a session goes on behind a compaction.
 * Faults come one after the other, one per try of the very same request; then the step is answered.
 */
import type { DemoMessage } from './conversation.ts'
import type { Statement } from './statement.ts'
import type { Fault, Turn, TurnBlock } from './turn.ts'
import { lastUserText, textsOf } from './conversation.ts'
import { readProgram } from './statement.ts'
import { say, toTurn } from './turn.ts'

/** The next step of the transcript's programs; undefined when there is none and the user's last word was no program. */
export function answerProgram(messages: readonly DemoMessage[]): Turn | undefined {
  const left = readLeft(messages)
  if (left.length > 0) return toStep(left).turn
  return isProgram(lastUserText(messages)) ? say('Done.') : undefined
}

/** The program that does what the transcript's programs have not done yet; null when nothing is left. */
export function programOfRest(messages: readonly DemoMessage[]): string | null {
  const left = readLeft(messages)
  return left.length === 0 ? null : ['#program now', ...left.map(({ source }) => source)].join('\n')
}

function readLeft(messages: readonly DemoMessage[]): readonly Statement[] {
  return messages.reduce<readonly Statement[]>((left, message) => {
    if (message.role === 'assistant') return toStep(left).rest
    return textsOf(message).filter(isProgram).reduce(append, left)
  }, [])
}

function isProgram(text: string): boolean {
  return /^#program\b/.test(text)
}

function append(left: readonly Statement[], text: string): readonly Statement[] {
  const { isNow, statements } = readProgram(text)
  return isNow ? statements : [...left, ...statements]
}

/** The first step of `statements`, and the statements behind it. */
function toStep(statements: readonly Statement[]): { turn: Turn; rest: readonly Statement[] } {
  const end = statements.findIndex(({ ends }) => ends)
  const step = end === -1 ? statements : statements.slice(0, end + 1)
  const blocks = step.flatMap((statement): readonly TurnBlock[] => statement.blocks ?? [])
  const faults = step.flatMap((statement): readonly Fault[] => statement.faults ?? [])
  const waitMs = step.reduce((sum, statement) => sum + (statement.waitMs ?? 0), 0)
  const last = step.at(-1)?.stop
  const turn = toTurn(blocks.length === 0 && !last ? say('Done.').blocks : leaveLast(blocks, last?.stopReason))
  return { turn: { ...turn, ...last, faults, waitMs }, rest: statements.slice(step.length) }
}

/** A turn that pauses leaves the call that it ends with. */
function leaveLast(blocks: readonly TurnBlock[], stopReason: Turn['stopReason'] | undefined): readonly TurnBlock[] {
  const last = blocks.at(-1)
  if (stopReason !== 'pause_turn' || last?.type !== 'server_tool_use') return blocks
  return [...blocks.slice(0, -1), { ...last, isLeft: true }]
}
