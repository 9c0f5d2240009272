import { describe, expect, test } from 'vitest'
import type { UserEvent } from '../../src/wire/types.ts'
import { refuseUrls } from '../../src/wire/urls.ts'

const text = { type: 'text' as const, text: 'what is this?' }
const image = { type: 'image' as const, source: { type: 'url' as const, url: 'https://example.com/a.png' } }
const page = { type: 'document' as const, source: { type: 'url' as const, url: 'https://example.com/a.pdf' } }
const bytes = {
  type: 'image' as const,
  source: { type: 'base64' as const, media_type: 'image/png', data: 'iVBORw0KGgo=' },
}

const result: UserEvent = { type: 'user.custom_tool_result', custom_tool_use_id: 'c' }

const said = (...content: Extract<UserEvent, { type: 'user.message' }>['content']): UserEvent => ({
  type: 'user.message',
  content,
})

describe('refuseUrls', () => {
  test.each([
    ['an image', [said(text), said(text, image)], 'events.1.content.1.source'],
    ['a document', [said(page, image)], 'events.0.content.0.source'],
    [
      'a result',
      [{ type: 'user.custom_tool_result', custom_tool_use_id: 'c', content: [text, image] }] satisfies UserEvent[],
      'events.0.content.1.source',
    ],
  ])('names %s that has one', (_, events, place) => {
    expect(() => refuseUrls('events', events)).toThrow(
      expect.objectContaining({
        kind: 'invalid_request',
        message: `${place}: the model's back end reads no URLs; send the bytes as base64`,
        options: { code: 'not_supported' },
      }),
    )
  })

  test('lets everything else pass', () => {
    expect(() => refuseUrls('events', [said(text, bytes), { type: 'user.interrupt' }, result])).not.toThrow()
  })
})
