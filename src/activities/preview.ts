import type { ModelProgress } from '../model/model.ts'
import type { DeltaPart, PreviewedType } from '../store/deltas.ts'

/** An event of the log that clients have been told of before it is there. */
export interface Announced {
  readonly of: PreviewedType
  readonly id: string
}

/** What clients see of one try's answer while it comes, and under which ids they will find it in the log. */
export interface AnswerPreview {
  /** What the next piece of progress adds. */
  take(progress: ModelProgress): readonly DeltaPart[]
  /** In the order of the blocks. */
  readonly announced: readonly Announced[]
}

/**
 * Groups blocks as the finished answer does: neighbouring texts are one message, blank ones are left out. Blank text is
 * held back until something stands behind it in its block, so that what was shown is always a prefix of the final text
 * and the blocks are counted as they will stand there.
 * @param mint gives a fresh `sevt_…` id.
 */
export function createAnswerPreview(mint: () => string): AnswerPreview {
  const announced: Announced[] = []
  let message: { readonly id: string; blocks: number } | null = null
  let text: { blank: string; index: number | null } = { blank: '', index: null }

  function start(of: PreviewedType): { readonly id: string; readonly part: DeltaPart } {
    const id = mint()
    announced.push({ of, id })
    return { id, part: { type: 'start', of, id } }
  }

  function takeBlock(of: string): readonly DeltaPart[] {
    text = { blank: '', index: null }
    if (of === 'text') return []
    message = null
    return of === 'thinking' || of === 'redacted_thinking' ? [start('agent.thinking').part] : []
  }

  function takeText(piece: string): readonly DeltaPart[] {
    if (message && text.index !== null) return [{ type: 'text', id: message.id, index: text.index, text: piece }]
    text.blank += piece
    if (text.blank.trim() === '') return []
    const parts: DeltaPart[] = []
    if (!message) {
      const { id, part } = start('agent.message')
      message = { id, blocks: 0 }
      parts.push(part)
    }
    text.index = message.blocks++
    return [...parts, { type: 'text', id: message.id, index: text.index, text: text.blank }]
  }

  return {
    announced,
    take: (progress) => (progress.type === 'block' ? takeBlock(progress.of) : takeText(progress.text)),
  }
}
