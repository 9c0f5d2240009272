import type { BetaManagedAgentsAgentToolset20260401GrepInput as GrepInput } from '@anthropic-ai/sdk/resources/beta/agents/agents'
import { readScripts } from '../exchange.ts'
import { describeEnding } from './ending.ts'
import { describeBadFolder, quote, toSandboxPath } from './paths.ts'
import { group, presentOutput, SHOWN_BYTES } from './presentation.ts'
import type { Tool } from './tool.ts'
import { fail, succeed } from './tool.ts'

const script = readScripts('./paths.sh', './tools/grep.sh')
/** Bytes of matches after which a search ends. Several run at once, and each leaves as much until it is in a file. */
const mostFound = 2 * 1024 * 1024
/** Room for the byte that tells that there is more. */
const keepBytes = mostFound + 2_048
const timeoutMs = 60_000
const longestLine = 2_000

/** Searches the content of files. Which regular expressions there are depends on the program found in the sandbox. */
export const grep: Tool<GrepInput> = async ({ pattern, path }, call) => {
  const { sandbox, id, signal } = call
  const place = toSandboxPath(path)
  if ('problem' in place) return fail(`grep: ${place.problem}`)
  if (pattern.includes('\0')) return fail('grep: pattern holds U+0000')
  const settings = `path=${quote(place.path)} pattern=${quote(pattern)} limit=${mostFound + 1}\n`
  const command = settings + script
  const result = await sandbox.run({ id, command, timeoutMs, capBytes: SHOWN_BYTES, keepBytes, signal })
  const shown = (await presentOutput(result, call, shortenLines)).trimEnd()
  const ending = describeEnding('grep', result, { text: shown, timeoutMs })
  if (ending !== null) return ending
  if (result.code === 3) return fail(`grep: ${describeBadFolder(path ?? '.', shown)}`)
  if (result.code === 2) return fail(`grep: the pattern is not understood: ${shown}`)
  if (shown === '') return succeed('no matches')
  const found = result.output.length + (result.truncated?.bytes ?? 0)
  const isPartial = found > mostFound
  return succeed(isPartial ? `${shown}\n[the search ended after ${group(mostFound)} bytes: there is more]` : shown)
}

function shortenLines(text: string): string {
  return text.split('\n').map(shorten).join('\n')
}

function shorten(line: string): string {
  return line.length > longestLine ? `${line.slice(0, longestLine)}… [line cut]` : line
}
