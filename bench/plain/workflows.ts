import { condition, defineUpdate, proxyActivities, setHandler } from '@temporalio/workflow'

/** A message as the Messages API has it. */
export interface Message {
  readonly role: 'user' | 'assistant'
  readonly content: readonly Block[]
}

export type Block =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: unknown }
  | { readonly type: 'tool_result'; readonly tool_use_id: string; readonly content: string }

export interface PlainActivities {
  /** What the model says to the conversation. */
  callModel(conversation: readonly Message[]): Promise<Message>
  execute(name: string, input: unknown): Promise<string>
}

const { callModel, execute } = proxyActivities<PlainActivities>({ startToCloseTimeout: '1 minute' })

/**
 * The agent that one writes first: the conversation is a variable of the workflow and the input of its model call. Each
 * update is a turn.
 */
export async function plainAgent(): Promise<void> {
  const conversation: Message[] = []
  setHandler(defineUpdate<void, [string]>('say'), async (text) => {
    conversation.push({ role: 'user', content: [{ type: 'text', text }] })
    for (;;) {
      const answer = await callModel(conversation)
      conversation.push(answer)
      const results: Block[] = []
      for (const block of answer.content) {
        if (block.type !== 'tool_use') continue
        results.push({ type: 'tool_result', tool_use_id: block.id, content: await execute(block.name, block.input) })
      }
      if (results.length === 0) return
      conversation.push({ role: 'user', content: results })
    }
  })
  await condition(() => false)
}
