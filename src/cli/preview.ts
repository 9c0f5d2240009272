import { textOf } from './describe-event.ts'
import type { StreamedEvent } from './follow.ts'

/** What is shown of a message that is still being made. */
interface Shown {
  readonly id: string
  /** Block of the message that the text has come to. */
  index: number
  text: string
}

/**
 * Shows the agent's words as they come: `write` gets pieces of a line. Answers whether an event needs no more telling,
 * which is so of the whole message when all of it was shown, and of the pieces themselves.
 */
export function createPreviewer(write: (text: string) => void): (event: StreamedEvent) => boolean {
  let shown: Shown | null = null
  function add(text: string): void {
    write(text.replaceAll(/[^\P{Cc}\n]/gu, '').replaceAll('\n', '\n        '))
  }
  return (event) => {
    if (event.type === 'event_start') return true
    if (event.type === 'event_delta') {
      const { index = 0, content } = event.delta
      if (shown?.id !== event.event_id) {
        write(shown === null ? 'agent   ' : '\nagent   ')
        shown = { id: event.event_id, index, text: '' }
      }
      const piece = shown.index === index ? content.text : `\n${content.text}`
      shown.index = index
      shown.text += piece
      add(piece)
      return true
    }
    if (shown === null) return false
    const { id, text } = shown
    shown = null
    const whole = event.type === 'agent.message' && event.id === id ? textOf(event.content) : null
    const isPrefix = whole?.startsWith(text) === true
    if (isPrefix) add(whole.slice(text.length))
    write('\n')
    return isPrefix
  }
}
