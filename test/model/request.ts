import type { ModelRequest } from '../../src/model/model.ts'

/** The least that a model can be asked. */
export function aRequest(over: Partial<ModelRequest> = {}): ModelRequest {
  return {
    model: 'claude-sonnet-5-5',
    max_tokens: 1000,
    system: [{ type: 'text', text: 'Be brief.' }],
    tools: [{ name: 'bash', description: 'Runs a command.', input_schema: { type: 'object' } }],
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
    ...over,
  }
}

/** One user message with this text, such as a program. */
export function asking(text: string): ModelRequest {
  return aRequest({ messages: [{ role: 'user', content: [{ type: 'text', text }] }] })
}
