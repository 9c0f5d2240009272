import { currentHarness, settingsFor } from '../model/harness.ts'
import type { ModelFailure } from '../model/model.ts'
import { holdsFile } from '../session/parts.ts'
import type { Adoptable } from '../session/policy.ts'
import { policyOf } from '../session/policy.ts'
import type { ModelFault } from '../session/settle.ts'
import type { RequestParts } from './request.ts'

type Asked = Pick<RequestParts, 'agent' | 'harness' | 'messages'>

const ERROR_TYPES = {
  overloaded: 'model_overloaded_error',
  rate_limited: 'model_rate_limited_error',
  billing: 'billing_error',
  request_failed: 'model_request_failed_error',
  too_long: 'model_request_failed_error',
  file_refused: 'model_request_failed_error',
  unreachable: 'model_request_failed_error',
  garbled: 'model_request_failed_error',
} as const satisfies Record<ModelFailure['kind'], ModelFault['error']>

/** Why a request failed, for the workflow to judge, and what it may do about it. */
export function toFault({ kind, message, retryable, retryAfterMs, usage }: ModelFailure, asked: Asked): ModelFault {
  return {
    error: ERROR_TYPES[kind],
    message,
    retryable,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(usage === undefined ? {} : { usage }),
    ...(kind === 'too_long' ? { tooLong: true, ...toAdoptable(asked) } : {}),
    // Where there is none to leave out, asking again would be asking the same.
    ...(kind === 'file_refused' && isWithFile(asked) ? { fileRefused: true } : {}),
  }
}

function isWithFile({ messages }: Asked): boolean {
  return messages.some(({ content }) => typeof content !== 'string' && content.some(holdsFile))
}

/** Harnesses from before contexts were kept within a window leave it to the present one. */
function toAdoptable({ agent, harness }: Asked): { readonly adoptable?: Adoptable } {
  if (harness.context) return {}
  const { harness: id, context } = policyOf(settingsFor(currentHarness, agent.model.id))
  return context ? { adoptable: { harness: id, context } } : {}
}
