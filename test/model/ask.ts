import { expect } from 'vitest'
import type { Model } from '../../src/model/model.ts'
import { connectAnthropic } from '../../src/model/endpoint.ts'
import { createMessagesModel } from '../../src/model/messages-client.ts'
import type { MessagesModelOptions } from '../../src/model/messages-client.ts'
import { ModelFailure } from '../../src/model/model.ts'

/** A key that must not show anywhere. */
export const SECRET = 'sk-secret-0123456789'

/** A signal that is never aborted. */
export const never = new AbortController().signal

/** A client for the server at `url`, at the beginning of 1970. */
export function modelAt(url: string, options: MessagesModelOptions = {}): Model {
  return createMessagesModel(connectAnthropic({ apiKey: SECRET, baseUrl: url }), { now: () => 0, ...options })
}

/** The failure that a request ends in; any other end fails the test. */
export async function failureOf(promise: Promise<unknown>): Promise<ModelFailure> {
  const error: unknown = await promise.then(
    () => expect.fail('the request did not fail'),
    (reason: unknown) => reason,
  )
  if (!(error instanceof ModelFailure)) throw error
  return error
}
