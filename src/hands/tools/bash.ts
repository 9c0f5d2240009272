import type { BetaManagedAgentsAgentToolset20260401BashInput as BashInput } from '@anthropic-ai/sdk/resources/beta/agents/agents'
import { readScripts } from '../exchange.ts'
import { describeEnding } from './ending.ts'
import { quote } from './paths.ts'
import { presentOutput, SHOWN_BYTES } from './presentation.ts'
import { stripTerminalCodes } from './text.ts'
import type { Tool } from './tool.ts'
import { fail, succeed } from './tool.ts'

const shell = readScripts('./tools/shell.sh')
const restarting = readScripts('./tools/restart.sh')
/** One command at a time leaves this much, until it is put into a file. */
const keepBytes = 10 * 1024 * 1024
const defaultTimeout = 120_000
/** Killing what runs is quick; a machine under load may take its time. */
const restartTimeout = 20_000

/** Runs a command in the session's shell: calls of one sandbox run one after the other, in no promised order. */
export const bash: Tool<BashInput> = async ({ command, restart, timeout_ms }, call) => {
  const { sandbox, id, signal } = call
  const given = command ?? ''
  if (given === '' && restart !== true) return fail('bash: command is required, expected a string')
  if (given.includes('\0')) return fail('bash: command holds U+0000, which no shell can take')
  const timeoutMs = timeout_ms ?? (given === '' ? restartTimeout : defaultTimeout)
  const text = given === '' ? '' : `__lh_command=${quote(given)}\n${shell}`
  const result = await sandbox.run({
    id,
    command: restart === true ? restarting + text : text,
    shell: 'bash',
    timeoutMs,
    capBytes: SHOWN_BYTES,
    keepBytes,
    env: { LONGHAND_SHELL: id },
    queue: 'shell',
    signal,
  })
  const output = (await presentOutput(result, call, stripTerminalCodes)).replace(/\n+$/, '')
  const ending = describeEnding('bash', result, { text: output, timeoutMs })
  if (ending !== null) return ending
  if (result.code !== 0) return fail(output === '' ? `exit ${result.code}` : `${output}\nexit ${result.code}`)
  return succeed(given === '' ? 'bash session restarted' : output)
}
