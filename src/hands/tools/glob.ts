import { posix } from 'node:path'
import type { BetaManagedAgentsAgentToolset20260401GlobInput as GlobInput } from '@anthropic-ai/sdk/resources/beta/agents/agents'
import { readScripts } from '../exchange.ts'
import { describeEnding } from './ending.ts'
import { parseGlob } from './glob-pattern.ts'
import { describeBadFolder, quote, toSandboxPath } from './paths.ts'
import { toText } from './text.ts'
import type { Tool } from './tool.ts'
import { fail, succeed } from './tool.ts'

const script = readScripts('./paths.sh', './tools/glob.sh')
const mostResults = 200
const listingLimit = 8 * 1024 * 1024
const timeoutMs = 60_000

/** Finds files by pattern, newest first. Looks at the first 50,000 files that `find` comes to. */
export const glob: Tool<GlobInput> = async ({ pattern, path }, { sandbox, id, signal }) => {
  const matches = parseGlob(pattern)
  if (typeof matches !== 'function') return fail(`glob: ${matches.problem}`)
  const place = toSandboxPath(path)
  if ('problem' in place) return fail(`glob: ${place.problem}`)
  const command = `path=${quote(place.path)}\n${script}`
  const result = await sandbox.run({ id, command, timeoutMs, capBytes: listingLimit, signal })
  const ending = describeEnding('glob', result, { text: '', timeoutMs })
  if (ending !== null) return ending
  const [first = '', ...lines] = toText(result.output).split('\n')
  if (result.code !== 0) return fail(`glob: ${describeBadFolder(path ?? '.', first)}`)
  const files = lines.map(parseLine).filter((file) => file !== null)
  const newest = files.filter((file) => matches(file.path)).toSorted((a, b) => b.time - a.time)
  if (newest.length === 0) return succeed('no matches')
  const shown = newest.slice(0, mostResults).map((file) => posix.join(first, file.path))
  if (newest.length > mostResults) shown.push(`[${newest.length - mostResults} older files are left out]`)
  return succeed(shown.join('\n'))
}

/** A line that was cut at the listing's limit is no file. */
function parseLine(line: string): { readonly time: number; readonly path: string } | null {
  const [, time, path] = /^(\d+(?:\.\d+)?) \.\/(.+)$/.exec(line) ?? []
  return time === undefined || path === undefined ? null : { time: Number(time), path }
}
