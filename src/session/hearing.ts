import type { BlobRef } from './entry.ts'
import type { RequestSize } from './estimate.ts'
import { afterResult, afterWords, lengthOf, sizeOf } from './estimate.ts'
import type { Answer, LogState } from './state.ts'

/** What the model is told with its next request. */
export function hear(state: LogState, content?: readonly object[], blobs?: readonly BlobRef[]): LogState {
  return sized(state, (size) => afterWords(size, content, blobs))
}

export function heardOf(
  { accounting }: LogState,
  { content }: { readonly content?: readonly object[] },
  blobs?: readonly BlobRef[],
): Pick<Answer, 'heard'> {
  return accounting?.answers ? { heard: lengthOf(content, blobs) } : {}
}

/** @param isAhead it stands before its call, whose request is not at its end yet. */
export function hearAnswer(state: LogState, { heard }: Answer, isAhead: boolean): LogState {
  return heard === undefined ? state : sized(state, (size) => afterResult(size, heard, isAhead))
}

export function sized(state: LogState, change: (size: RequestSize) => RequestSize): LogState {
  return state.accounting ? { ...state, size: change(sizeOf(state)) } : state
}
