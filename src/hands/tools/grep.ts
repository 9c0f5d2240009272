import type { BetaManagedAgentsAgentToolset20260401GrepInput as GrepInput } from '@anthropic-ai/sdk/resources/beta/agents/agents'
import { readScripts } from '../exchange.ts'
import { describeEnding } from './ending.ts'
import { describeBadFolder, quote, toSandboxPath } from './paths.ts'
import { toText } from './text.ts'
import type { Tool } from './tool.ts'
import { fail, succeed } from './tool.ts'

const script = readScripts('./paths.sh', './tools/grep.sh')
const outputLimit = 100 * 1024
/** Room for the byte that tells that there is more. */
const capBytes = outputLimit + 2_048
const timeoutMs = 60_000
const longestLine = 2_000

/** Searches the content of files. Which regular expressions there are depends on the program found in the sandbox. */
export const grep: Tool<GrepInput> = async ({ pattern, path }, { sandbox, id, signal }) => {
  const place = toSandboxPath(path)
  if ('problem' in place) return fail(`grep: ${place.problem}`)
  if (pattern.includes('\0')) return fail('grep: pattern holds U+0000')
  const settings = `path=${quote(place.path)} pattern=${quote(pattern)} limit=${outputLimit + 1}\n`
  const result = await sandbox.run({ id, command: settings + script, timeoutMs, capBytes, signal })
  const found = toText(result.output.subarray(0, outputLimit)).trimEnd()
  const shown = found.split('\n').map(shorten).join('\n')
  const ending = describeEnding('grep', result, { text: shown, timeoutMs })
  if (ending !== null) return ending
  if (result.code === 3) return fail(`grep: ${describeBadFolder(path ?? '.', found)}`)
  if (result.code === 2) return fail(`grep: the pattern is not understood: ${found}`)
  if (found === '') return succeed('no matches')
  return succeed(result.output.length > outputLimit ? `${shown}\n[output truncated at ${outputLimit} bytes]` : shown)
}

function shorten(line: string): string {
  return line.length > longestLine ? `${line.slice(0, longestLine)}… [line cut]` : line
}
