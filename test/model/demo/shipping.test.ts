import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { DemoMessage } from '../../../src/model/demo/conversation.ts'
import type { Turn, TurnBlock } from '../../../src/model/demo/turn.ts'
import { answer } from '../../../src/model/demo/script.ts'
import { toShipSh } from '../../../src/model/demo/shipping-files.ts'
import { assistant, results, user } from './conversation-builders.ts'

const TASK = 'Write slug.sh with tests, make them pass, then ship it with ./ship.sh (adds one line to ledger.txt).'
const IN_ONE_PART = `${TASK} Upload in 1 part.`

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shipping-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** What a call's input has to hold for the tools below. */
type Call = Extract<TurnBlock, { type: 'tool_use' }>
const field = (call: Call, name: string) => String(call.input[name])

/** The tools of a sandbox, for this task alone: they really run, in the test's folder. */
function runTool(call: Call): string {
  const path = join(folder, field(call, 'file_path'))
  if (call.name === 'write') {
    writeFileSync(path, field(call, 'content'))
    return 'written'
  }
  if (call.name === 'edit') {
    const before = readFileSync(path, 'utf8')
    if (before.split(field(call, 'old_string')).length !== 2) throw new Error('the edit does not match once')
    writeFileSync(
      path,
      before.replace(field(call, 'old_string'), () => field(call, 'new_string')),
    )
    return 'edited'
  }
  const { stdout, stderr } = spawnSync('sh', ['-c', field(call, 'command')], { cwd: folder, encoding: 'utf8' })
  return stdout + stderr
}

interface Play {
  readonly task?: string
  /** A message that comes with the results of the n-th answer. */
  readonly arrivals?: Readonly<Record<number, string>>
  readonly run?: (call: Call) => string
}

function play({ task = IN_ONE_PART, arrivals = {}, run = runTool }: Play) {
  const messages: DemoMessage[] = [user(task)]
  const shown: string[] = []
  let turn: Turn = answer(messages)
  for (let n = 1; turn.stopReason === 'tool_use'; n += 1) {
    const message = assistant(turn, n * 100)
    const outputs: string[] = []
    for (const block of turn.blocks) {
      if (block.type === 'tool_use') outputs.push(run(block))
      shown.push(
        block.type === 'tool_use'
          ? `${block.name} ${field(block, block.name === 'bash' ? 'command' : 'file_path').split('\n')[0]}`
          : `say ${block.type === 'text' && block.text}`,
      )
    }
    messages.push(message, results(message, outputs))
    const arrival = arrivals[n]
    if (arrival !== undefined) messages.push(user(arrival))
    turn = answer(messages)
  }
  messages.push(assistant(turn))
  return { shown, outputs: messages.flatMap(({ content }) => content.flatMap(outputOf)), final: textOf(turn), messages }
}

const outputOf = (block: DemoMessage['content'][number]) =>
  block.type === 'tool_result' ? JSON.stringify(block['content']) : []
const textOf = (turn: Turn) => turn.blocks.map((block) => (block.type === 'text' ? block.text : '')).join('')

describe('the demo’s task', () => {
  test('is done with real tools: one test fails, one edit mends it, it ships once', () => {
    const { shown, outputs, final } = play({})
    expect(shown).toEqual([
      "say I'll start with the tests.",
      'write test.sh',
      'write slug.sh',
      "bash cat > ship.sh <<'END'",
      'bash sh test.sh',
      'say Spaces are not folded: normalise first.',
      'edit slug.sh',
      'bash sh test.sh',
      'bash ./ship.sh',
    ])
    expect(outputs[3]).toMatch(/Spaces: .* is not .*5 passed, 1 failed/)
    expect(outputs[5]).toContain('"6 passed\\n"')
    expect(outputs[6]).toContain('uploading 1/1\\nshipped')
    expect(final).toBe('All 6 tests pass; shipped once.')
    expect(readFileSync(join(folder, 'ledger.txt'), 'utf8')).toBe('slug.sh 1.0.0\n')
  })

  test('also prints the version when that was asked for on the way', () => {
    const { final } = play({ arrivals: { 5: 'Also print the version.' } })
    expect(final).toBe('All 6 tests pass; shipped once.  Version 1.0.0.')
    expect(execFileSync('sh', ['slug.sh', '--version'], { cwd: folder, encoding: 'utf8' })).toBe('1.0.0\n')
  })

  test('prints the version afterwards when that is asked for later', () => {
    const { messages } = play({})
    expect(textOf(answer([...messages, user('Also print the version.')]))).toBe('Version 1.0.0.')
  })

  test('runs the tests again when that is asked for later, and tells how often it has shipped', () => {
    const { messages } = play({})
    const wish = user('Run the tests again.')
    const turn = answer([...messages, wish])
    const [call] = turn.blocks
    if (call?.type !== 'tool_use') throw new Error('expected a call')
    const message = assistant(turn, 900)
    const last = (output: string) => textOf(answer([...messages, wish, message, results(message, [output])]))
    const receipt = '[This is a new sandbox (generation 2); the one before it was lost.]\n'
    expect(last(`${receipt}${runTool(call)}`)).toBe('All 6 tests pass again; still shipped once.')
    expect(last('slug.sh 1.0.0\nslug.sh 1.0.0\n6 passed')).toBe('All 6 tests pass again; shipped 2 times.')
    expect(last('cat: ledger.txt: No such file')).toBe('I stop here: cat: ledger.txt: No such file')
  })

  test('is over when it is done: other messages are told about the demo model', () => {
    const { messages } = play({})
    expect(textOf(answer([...messages, user('And now a game of chess.')]))).toContain('scripted demo model')
  })

  test('can be given again', () => {
    const { messages } = play({})
    expect(answer([...messages, user(TASK)]).stopReason).toBe('tool_use')
  })

  test.each([
    ['the tests', 'sh test.sh', 'sh: test.sh: not found'],
    ['the shipping', './ship.sh', 'the sandbox was lost'],
  ])('says so when %s went otherwise', (_, command, output) => {
    const run = (call: Call) => (call.input['command'] === command ? output : runTool(call))
    expect(play({ run }).final).toBe(`I stop here: ${output}`)
  })

  test('does not ship when the edit has not mended the tests', () => {
    const { final, shown } = play({ run: (call) => (call.name === 'edit' ? 'edited' : runTool(call)) })
    expect(final).toMatch(/^I stop here: Spaces: [^]*5 passed, 1 failed/)
    expect(shown).not.toContain('bash ./ship.sh')
  })

  test('says so when a file could not be written', () => {
    const first = assistant(answer([user(TASK)]))
    const refused = answer([user(TASK), first, results(first, ['disk full', '', ''], true)])
    expect(textOf(refused)).toMatch(/^I stop here: disk full/)
  })

  test('is two files and one command when it has no word of tests', () => {
    const { shown, final } = play({ task: 'Write slug.sh, then ship it with ship.sh in 1 part.' })
    expect(shown).toEqual([
      "say I'll write both scripts.",
      'write slug.sh',
      'write ship.sh',
      'say Shipping cannot be undone.',
      'bash sh ship.sh',
    ])
    expect(final).toBe('Shipped once.')
    expect(readFileSync(join(folder, 'ledger.txt'), 'utf8')).toBe('slug.sh 1.0.0\n')
  })

  test('ends with the reason when the command was denied', () => {
    const task = 'Write slug.sh, then ship it with ship.sh.'
    const run = (call: Call) => (call.name === 'bash' ? 'not today' : runTool(call))
    expect(play({ task, run }).final).toBe('I stop here: not today')
  })

  test('uploads in eight parts of a second unless the task says otherwise', () => {
    const commands = (task: string) =>
      answer([user(task)]).blocks.flatMap((block) => (block.type === 'tool_use' ? [block.input['command']] : []))
    expect(commands(TASK)).toContainEqual(expect.stringContaining(toShipSh(8)))
    expect(commands(`${TASK} Upload in 2 parts.`)).toContainEqual(expect.stringContaining(toShipSh(2)))
    expect(toShipSh(8)).toContain('sleep 1\n')
  })
})

describe('any other task', () => {
  test('gets one sentence that says how to use a real model', () => {
    const text = textOf(answer([user('Write me a poem.')]))
    expect(text).toContain('ANTHROPIC_API_KEY')
    expect(text.match(/[.!?](\s|$)/g)).toHaveLength(1)
  })
})
