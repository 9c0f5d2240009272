import type { DemoBlock } from './block.ts'
import type { DemoMessage } from './conversation.ts'
import type { JsonObject } from '../json.ts'
import { isServedResult } from './block.ts'
import { Refusal, refuse } from './refusal.ts'

/**
 * Which result is of which call of the API's own tools: it stands behind it among the model's own words, and nothing but
 * the results of the client's calls between them. Throws a refusal.
 */
export function checkServedCalls(turns: readonly DemoMessage[], tools: readonly JsonObject[]): void {
  const open = new Map<unknown, unknown>()
  for (const [index, { role, content }] of turns.entries()) {
    if (role !== 'assistant' && content.some(({ type }) => type !== 'tool_result')) refuseOpen(open, index - 1)
    if (role !== 'assistant') continue
    for (const [place, block] of content.entries()) pair(block, open, `messages.${index}.content.${place}`)
  }
  for (const [id, name] of open) {
    if (!tools.some((tool) => tool['name'] === name))
      throw new Refusal(
        400,
        `\`${String(name)}\` tool use with id \`${String(id)}\` is open, but no \`${String(name)}\` tool was provided`,
      )
  }
}

function pair(block: DemoBlock, open: Map<unknown, unknown>, path: string): void {
  if (block.type === 'server_tool_use') open.set(block['id'], block['name'])
  if (!isServedResult(block)) return
  const { type, tool_use_id: id } = block
  if (`${String(open.get(id))}_tool_result` !== type) {
    refuse(
      path,
      `unexpected \`tool_use_id\` found in \`${type}\` blocks: ${String(id)}. Each \`${type}\` block must have a corresponding \`server_tool_use\` block before it.`,
    )
  }
  open.delete(id)
}

function refuseOpen(open: ReadonlyMap<unknown, unknown>, index: number): void {
  for (const [id, name] of open) {
    refuse(
      `messages.${index}`,
      `\`${String(name)}\` tool use with id \`${String(id)}\` was found without a corresponding \`${String(name)}_tool_result\` block`,
    )
  }
}
