import type { Message } from '@anthropic-ai/sdk/resources/messages/messages'
import type { Fault } from './turn.ts'
import { toMessage } from './message-events.ts'
import { createPromptCache } from './prompt-cache.ts'
import { Refusal } from './refusal.ts'
import { readRequest } from './request.ts'
import { answerJudge } from './judge.ts'
import { answer } from './script.ts'
import { surf } from './web.ts'

/** An answer as it is to be sent; with a fault, it breaks off in the middle. */
export interface Answer {
  readonly message: Message
  readonly stream: boolean
  readonly waitMs: number
  readonly fault: Fault | undefined
}

export interface Answerer {
  /** Throws the refusal of a request that is not accepted. `hash` tells equal bodies; `betas` came with this one. */
  answer(body: unknown, hash: string, betas?: readonly string[]): Answer
}

/**
 * From body to answer. All it remembers: which prefixes the prompt cache has, and how often a request that is to fail
 * was tried. The rest of an answer, ids included, follows from the request alone.
 * @param window tokens that a request may have.
 */
export function createAnswerer(window = Infinity): Answerer {
  const cache = createPromptCache()
  const tries = new Map<string, number>()
  return {
    answer(body, hash, betas) {
      const request = readRequest(body, betas)
      const input = cache.measure(request)
      const tokens = input.input_tokens + input.cache_creation_input_tokens + input.cache_read_input_tokens
      if (tokens > window) throw new Refusal(400, `prompt is too long: ${tokens} tokens > ${window} maximum`)
      const turn = surf(answerJudge(request) ?? answer(request.messages), request)
      const tried = tries.get(hash) ?? 0
      if (turn.faults.length > 0) tries.set(hash, tried + 1)
      const message = toMessage(turn, { model: request.model, speed: request.speed, seed: hash, input })
      return { message, stream: request.stream, waitMs: turn.waitMs, fault: turn.faults[tried] }
    },
  }
}
