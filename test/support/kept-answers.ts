import Anthropic from '@anthropic-ai/sdk'

/** An official client, and all that it was answered: statuses, headers and every byte of bodies. */
export interface KeptAnswers {
  readonly sdk: Anthropic
  read(): Buffer
}

export function keepAnswers(baseURL: string, apiKey: string): KeptAnswers {
  const answers: Uint8Array[] = []
  const sdk = new Anthropic({
    baseURL,
    apiKey,
    maxRetries: 4,
    fetch: async (...asked) => {
      const answer = await fetch(...asked)
      answers.push(Buffer.from(JSON.stringify([answer.status, ...answer.headers])))
      const keeping = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, passed) {
          answers.push(chunk)
          passed.enqueue(chunk)
        },
      })
      return new Response(answer.body?.pipeThrough(keeping) ?? null, answer)
    },
  })
  return { sdk, read: () => Buffer.concat(answers) }
}
