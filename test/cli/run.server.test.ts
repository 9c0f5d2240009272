import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { useStack } from '../sdk/use-stack.ts'
import { runOnTerminal } from './terminal.ts'

const use = useStack()

const QUESTION = /Allow\? \[y\]es, \[N\]o, or a note for the agent: /
const task = [
  '#program',
  'PARALLEL 2',
  'TOOL bash {"command":"echo one\\necho two"}',
  'TOOL read {"file_path":"a.txt"}',
  'TOOL write {"file_path":"a.txt","content":"three"}',
  'SAY Done.',
].join('\n')

describe('run --ask, at a terminal', () => {
  test('asks before a command and a change, not before a look, and goes by the answers', async () => {
    const { urls, apiKey, sdk } = use().stack
    const { code, out } = await runOnTerminal({
      args: ['--import', 'tsx', join(import.meta.dirname, '../../src/cli.ts'), 'run', '--ask', task],
      env: { PATH: process.env['PATH'], ANTHROPIC_BASE_URL: urls[0], ANTHROPIC_API_KEY: apiKey },
      script: [
        [QUESTION, 'y\r'],
        [QUESTION, 'not today\r'],
      ],
    })
    const told = out.replaceAll('\r', '')
    expect({ code, told }).toMatchObject({ code: 0 })
    expect(told).toContain('  bash  echo one\n        echo two\n')
    expect(told).toContain('  write a.txt\n        content: three\n')
    expect(told).toContain('you     denied write a.txt\n        because: not today\n')
    expect(told).toMatch(/agent {3}Done\.\n$/)
    const events = []
    for await (const event of sdk.beta.sessions.events.list(/session (sesn_\w+)/.exec(told)?.[1] ?? ''))
      events.push(event)
    const uses = events.filter((event) => event.type === 'agent.tool_use')
    expect(uses.map(({ name, evaluated_permission }) => [name, evaluated_permission])).toEqual([
      ['bash', 'ask'],
      ['read', 'allow'],
      ['write', 'ask'],
    ])
    const words = events.filter((event) => event.type === 'user.tool_confirmation')
    expect(words.map(({ result, deny_message }) => [result, deny_message ?? null])).toEqual([
      ['allow', null],
      ['deny', 'not today'],
    ])
  }, 120_000)
})
