import { Context } from '@temporalio/activity'
import type { Harness, HarnessContext } from '../model/harness.ts'
import { currentHarness } from '../model/harness.ts'
import type { ModelRequest, ModelResponse } from '../model/model.ts'
import { settleServed } from '../session/served.ts'
import { systemSaid, textOf } from '../session/transcript.ts'
import { mintId } from '../wire/mint.ts'
import type { ModelMessage } from '../wire/types.ts'
import type { AskingPorts } from './asking.ts'
import { askModel } from './asking.ts'
import type { CallModel, Recorded, SessionActivities } from './index.ts'
import { buildRequest } from './request.ts'

type Outcome = Awaited<ReturnType<SessionActivities['compact']>>

/**
 * Asks the model for a summary of its own conversation: the very request of a step with one more message at its end,
 * so that the provider's cache knows all before it. For its sake too, the tools are offered and `tool_choice` is left
 * alone; that none is to be called is said in words.
 */
export function createCompact(ports: AskingPorts): Pick<SessionActivities, 'compact'> {
  return {
    compact: (input) =>
      askModel<Outcome>(ports, input, async (asking) => {
        const { messages, context: log, manner } = asking
        const speaking = speakerFor(asking.harness)
        const { context } = speaking
        const prompt: ModelMessage = { role: 'user', content: [{ type: 'text', text: context.prompt }] }
        const asked = buildRequest({ ...asking, messages: settleServed([...beforeSystem(messages), prompt]) })
        const response = await ports.model.request(withLimit(asked, context), {
          signal: Context.current().cancellationSignal,
        })
        return toOutcome(input, speaking, { response, system: systemSaid(log, manner) })
      }),
  }
}

/** A system message at the end is for the next answer, and stays; behind it no user's message can stand. */
function beforeSystem(messages: readonly ModelMessage[]): readonly ModelMessage[] {
  return messages.at(-1)?.role === 'system' ? messages.slice(0, -1) : messages
}

interface Speaker {
  readonly harness: string
  readonly context: HarnessContext
}

/** The harness whose words are used: the session's own, or the present one where that says nothing of summaries. */
function speakerFor(own: Harness): Speaker {
  const { id, context } = own.context ? own : currentHarness
  if (!context) throw new Error(`the harness ${id} has no prompt for a summary`)
  return { harness: id, context }
}

function withLimit(request: ModelRequest, { maxTokens }: HarnessContext): ModelRequest {
  return { ...request, max_tokens: Math.min(request.max_tokens, maxTokens) }
}

interface Summary {
  readonly response: ModelResponse
  /** System messages that it does not take the place of. */
  readonly system: readonly string[]
}

/** Stop reasons of an answer that is no summary, whatever it says: it would go on, or does not want to begin. */
const NOT_DONE: ReadonlySet<string> = new Set(['refusal', 'tool_use', 'pause_turn'])

/** An answer without words, or with calls that its words only announce, is paid for, told and asked for again. */
function toOutcome({ request }: CallModel, { harness, context }: Speaker, { response, system }: Summary): Outcome {
  const text = textOf(response.content)
  const isNone = text.trim() === '' || NOT_DONE.has(response.stopReason)
  const end = {
    type: 'span.model_request_end',
    id: mintId('sevt'),
    model_request_start_id: request,
    is_error: isNone,
    model_usage: response.usage,
  } as const
  if (isNone) {
    const message = `model: a summary of the conversation was expected and did not come (${response.stopReason})`
    return { entries: [end], fault: { error: 'model_request_failed_error', message, retryable: true } }
  }
  const entries: Recorded['entries'] = [
    {
      type: 'log.summary',
      harness,
      introduction: context.introduction,
      text,
      ...(system.length > 0 ? { system } : {}),
      ...(response.searches ? { searches: response.searches } : {}),
    },
    { type: 'agent.thread_context_compacted', id: mintId('sevt') },
    end,
  ]
  return { entries }
}
