import { ApiError } from './errors.ts'
import type { UserEvent } from './types.ts'

/**
 * Refuses images and documents that are named by a URL, for a model's back end that reads none.
 * @param field of the request that holds the events.
 * @throws ApiError 400 with the code `not_supported`, which names the first of them.
 */
export function refuseUrls(field: string, events: readonly UserEvent[]): void {
  for (const [index, event] of events.entries()) {
    const content = ('content' in event ? event.content : null) ?? []
    const place = content.findIndex(
      (block) => (block.type === 'image' || block.type === 'document') && block.source.type === 'url',
    )
    if (place === -1) continue
    throw new ApiError(
      'invalid_request',
      `${field}.${index}.content.${place}.source: the model's back end reads no URLs; send the bytes as base64`,
      { code: 'not_supported' },
    )
  }
}
