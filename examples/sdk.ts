/*
 * A session through the official SDK. With a server running (`npm start`):
 *
 *   eval "$(./bin/longhand.mjs env)"
 *   node --import tsx examples/sdk.ts "Write fizzbuzz and prove that it works"
 */
import Anthropic from '@anthropic-ai/sdk'

// Finds the server by ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY, which `longhand env` sets.
const client = new Anthropic()
const task = process.argv[2] ?? 'Introduce yourself in one sentence.'

const agent = await client.beta.agents.create({
  name: 'example',
  model: 'claude-opus-5-5',
  // bash, read, write, edit, glob and grep, in a sandbox of the session's own.
  tools: [{ type: 'agent_toolset_20260401' }],
})
// Names of environments are unique, so each run makes one of its own.
const environment = await client.beta.environments.create({ name: `example ${new Date().toISOString()}` })
const session = await client.beta.sessions.create({ agent: agent.id, environment_id: environment.id })
console.log(session.id)

// The stream is open before the task is sent, so nothing is missed.
const stream = await client.beta.sessions.events.stream(session.id)
await client.beta.sessions.events.send(session.id, {
  events: [{ type: 'user.message', content: [{ type: 'text', text: task }] }],
})
for await (const event of stream) {
  if (event.type === 'agent.tool_use') console.log(`[${event.name}] ${JSON.stringify(event.input)}`)
  if (event.type === 'agent.message')
    for (const block of event.content) if (block.type === 'text') console.log(block.text)
  if (event.type === 'session.error') console.error(event.error.message)
  if (event.type === 'session.status_idle') break
}
