import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { betaAgentToolset20260401 } from '@anthropic-ai/sdk/tools/agent-toolset/node'

/**
 * The SDK's own tools in a folder, for Node 22 and later: a call `{name, input}` as JSON on each line of stdin, for each a
 * line `{text, isError}` on stdout, in order. Ends with stdin.
 */
async function main(workdir: string): Promise<void> {
  const tools = new Map(betaAgentToolset20260401({ workdir }).map((tool) => [tool.name, tool]))
  for await (const line of createInterface({ input: process.stdin })) {
    const { name, input } = JSON.parse(line) as { name: string; input: object }
    const tool = tools.get(name)
    if (tool === undefined) throw new Error(`expected a tool of the SDK, got ${name}`)
    const outcome = await run(async () => tool.run(tool.parse(input)))
    if (!process.stdout.write(`${JSON.stringify(outcome)}\n`)) await once(process.stdout, 'drain')
  }
  for (const tool of tools.values()) await tool.close?.()
}

async function run(call: () => Promise<unknown>): Promise<{ readonly text: string; readonly isError: boolean }> {
  try {
    return { text: String(await call()), isError: false }
  } catch (error) {
    return { text: error instanceof Error ? error.message : String(error), isError: true }
  }
}

await main(process.argv[2] ?? '')
