import type { Input } from './settle.ts'

/**
 * Whether what came may need somebody who runs the calls of a self-hosted session, whom it may have been too quiet for: all
 * that clients send but results, which come from whoever is there, and a budget with which a turn may go on.
 */
export function asksForWorker(inputs: readonly Input[]): boolean {
  return inputs.some(
    (input) =>
      (input.type === 'arrived' && input.event.type !== 'user.tool_result') ||
      (input.type === 'configured' && input.budget !== undefined),
  )
}
