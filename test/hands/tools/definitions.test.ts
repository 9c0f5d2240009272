import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { toolDefinitions } from '../../../src/hands/tools/definitions.ts'
import { problemOfInput } from '../../../src/hands/tools/input.ts'
import { prepareCall } from '../../../src/hands/tools/prepare.ts'

const definition = (name: string) => {
  const found = toolDefinitions.find((candidate) => candidate.name === name)
  if (found === undefined) throw new Error(`expected a definition of ${name}`)
  return found
}

describe('tool definitions', () => {
  test('are plain data that imports nothing', async () => {
    expect(JSON.parse(JSON.stringify(toolDefinitions))).toEqual(toolDefinitions)
    const source = await readFile(new URL('../../../src/hands/tools/definitions.ts', import.meta.url), 'utf8')
    expect(source).not.toMatch(/^import /m)
  })

  test.each([
    ['bash', ['command', 'restart', 'timeout_ms'], []],
    ['read', ['file_path', 'view_range'], ['file_path']],
    ['write', ['file_path', 'content'], ['file_path', 'content']],
    ['edit', ['file_path', 'old_string', 'new_string', 'replace_all'], ['file_path', 'old_string', 'new_string']],
    ['glob', ['pattern', 'path'], ['pattern']],
    ['grep', ['pattern', 'path'], ['pattern']],
  ])('give %s the fields of the published toolset', (name, fields, required) => {
    const { input_schema: schema, description } = definition(name)
    expect(Object.keys(schema.properties)).toEqual(fields)
    expect(schema.required).toEqual(required)
    expect(description.length).toBeGreaterThan(100)
  })

  test.each([
    ['read', true],
    ['write', false],
    ['edit', false],
    ['glob', true],
    ['grep', true],
  ])('name the folders that %s works in', async (name, isReading) => {
    const script = await readFile(new URL('../../../src/hands/paths.sh', import.meta.url), 'utf8')
    const folders = [...script.matchAll(/(\/[\w/]+) \| \1\/\*/g)].map(([, folder]) => folder)
    expect(folders).toContain('/mnt/session/uploads')
    const { file_path: file, path = file } = definition(name).input_schema.properties
    const said = /Must be inside (.+)\.$/.exec(path?.description ?? '')?.[1]?.split(/, | or /) ?? []
    const wanted = folders.filter((folder) => isReading || folder !== '/mnt/session/uploads')
    expect(new Set(said)).toEqual(new Set(wanted))
  })

  test('each have a tool, and no tool is without one', () => {
    for (const { name } of toolDefinitions)
      expect(prepareCall(name, [])).toEqual({ problem: `${name}: expected an object as input, got []` })
    expect(prepareCall('constructor', {})).toEqual({ problem: expect.stringContaining('there is no such tool') })
  })
})

describe('a tool input', () => {
  test.each([
    ['bash', { command: 'ls', restart: false, timeout_ms: 1 }],
    ['bash', {}],
    ['read', { file_path: 'a', view_range: [1, -1] }],
    ['read', { file_path: 'a', view_range: null }],
    ['write', { file_path: 'a', content: '' }],
  ])('for %s fits: %j', (name, input) => {
    expect(problemOfInput(definition(name), input)).toBeNull()
  })

  test.each([
    ['bash', null, 'bash: expected an object as input, got null'],
    ['bash', 'ls', 'bash: expected an object as input, got "ls"'],
    ['bash', { cmd: 'ls' }, 'bash: cmd is not known, expected only command, restart, timeout_ms'],
    ['bash', { toString: 'ls' }, 'bash: toString is not known, expected only command, restart, timeout_ms'],
    ['bash', { command: ['ls'] }, 'bash: expected command to be a string, got ["ls"]'],
    ['bash', { restart: 'yes' }, 'bash: expected restart to be true or false, got "yes"'],
    ['bash', { timeout_ms: 1.5 }, 'bash: expected timeout_ms to be an integer from 1 to 3600000, got 1.5'],
    ['bash', { timeout_ms: '5' }, 'bash: expected timeout_ms to be an integer from 1 to 3600000, got "5"'],
    ['bash', { timeout_ms: 3_600_001 }, 'bash: expected timeout_ms to be an integer from 1 to 3600000, got 3600001'],
    ['read', {}, 'read: file_path is required, expected a string that is not empty'],
    ['read', { file_path: null }, 'read: file_path is required, expected a string that is not empty'],
    [
      'read',
      { file_path: 'a', view_range: [1, 2, 3] },
      'read: expected view_range to be [first, last], 2 integers, got [1,2,3]',
    ],
    [
      'read',
      { file_path: 'a', view_range: ['1', 2] },
      'read: expected view_range to be [first, last], 2 integers, got ["1",2]',
    ],
    ['write', { file_path: 'a' }, 'write: content is required, expected a string'],
    [
      'write',
      { file_path: 'a', content: { long: 'x'.repeat(99) } },
      expect.stringMatching(/^write: expected content to be a string, got \{"long":"x{51}…$/),
    ],
  ])('for %s is refused: %j', (name, input, problem) => {
    expect(problemOfInput(definition(name), input)).toEqual(problem)
  })
})
