/*
 * A plain agent loop, for the demo to compare with: the conversation stands in memory, tools are child processes in the
 * working folder, what a person types (a line of stdin) is put to the model with the next results. Nothing is kept: who
 * starts it again gives it the task again. It isolates nothing and is therefore no use for a model but the scripted one.
 */
import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import Anthropic from '@anthropic-ai/sdk'

const MODEL = 'claude-opus-5-5'
const MAX_TOKENS = 8192
const STRING = { type: 'string' } as const

const tools: Anthropic.Tool[] = [
  { name: 'bash', input_schema: { type: 'object', properties: { command: STRING } } },
  { name: 'write', input_schema: { type: 'object', properties: { file_path: STRING, content: STRING } } },
  {
    name: 'edit',
    input_schema: { type: 'object', properties: { file_path: STRING, old_string: STRING, new_string: STRING } },
  },
]

/** Runs until the agent has nothing more to do; answers its last words. */
async function loop(task: string, typed: string[]): Promise<string> {
  const client = new Anthropic({ authToken: null })
  const messages: Anthropic.MessageParam[] = [{ role: 'user', content: task }]
  for (;;) {
    const { content } = await client.messages
      .stream({ model: MODEL, max_tokens: MAX_TOKENS, tools, messages })
      .finalMessage()
    const calls = content.filter((block) => block.type === 'tool_use')
    if (calls.length === 0) return content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n')
    const results = await Promise.all(calls.map(perform))
    const said = typed.splice(0).map((line) => ({ type: 'text' as const, text: line }))
    messages.push({ role: 'assistant', content }, { role: 'user', content: [...results, ...said] })
  }
}

async function perform({ id, name, input }: Anthropic.ToolUseBlock): Promise<Anthropic.ToolResultBlockParam> {
  try {
    return { type: 'tool_result', tool_use_id: id, content: await runTool(name, Object(input)) }
  } catch (error) {
    return { type: 'tool_result', tool_use_id: id, content: String(error), is_error: true }
  }
}

async function runTool(name: string, input: Readonly<Record<string, unknown>>): Promise<string> {
  const path = String(input['file_path'])
  switch (name) {
    case 'bash':
      return runCommand(String(input['command']))
    case 'write':
      await writeFile(path, String(input['content']))
      return 'written'
    case 'edit': {
      const before = await readFile(path, 'utf8')
      await writeFile(
        path,
        before.replace(String(input['old_string']), () => String(input['new_string'])),
      )
      return 'edited'
    }
    default:
      throw new Error(`there is no tool ${name}`)
  }
}

async function runCommand(command: string): Promise<string> {
  const child = spawn('sh', ['-c', `exec 2>&1\n${command}`], { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const [output, code] = await Promise.all([text(child.stdout), ended])
  return code === 0 ? output || '(no output)' : `${output}exit ${code}`
}

const [task] = process.argv.slice(2)
const { hostname } = new URL(process.env['ANTHROPIC_BASE_URL'] ?? 'http://nowhere')
if (task === undefined || hostname !== '127.0.0.1')
  throw new Error('expected a task, and the scripted model to give it to')
const typed: string[] = []
const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => typed.push(line))
// Whoever started it is gone.
lines.once('close', () => process.exit(1))
process.stdout.write(`${await loop(task, typed)}\n`)
process.exit(0)
