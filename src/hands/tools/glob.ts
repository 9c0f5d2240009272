import { posix } from 'node:path'
import type { BetaManagedAgentsAgentToolset20260401GlobInput as GlobInput } from '@anthropic-ai/sdk/resources/beta/agents/agents'
import { readScripts } from '../exchange.ts'
import { describeEnding } from './ending.ts'
import { listEndings, parseGlob } from './glob-pattern.ts'
import { describeBadFolder, quote, toSandboxPath } from './paths.ts'
import { TEXT_LIMIT } from './presentation.ts'
import { toText } from './text.ts'
import type { Tool } from './tool.ts'
import { fail, succeed } from './tool.ts'

const script = readScripts('./paths.sh', './tools/glob.sh')
const mostResults = 200
const mostListed = 50_000
/** A claim keeps its listing in the runner's folder: 50,000 paths of 80 bytes. */
const listingLimit = 4 * 1024 * 1024
const timeoutMs = 60_000

/**
 * Finds files by pattern, newest first, among the first 50,000 that `find` comes to. It passes over what does not end as
 * the pattern does.
 */
export const glob: Tool<GlobInput> = async ({ pattern, path }, { sandbox, id, signal }) => {
  const matches = parseGlob(pattern)
  if (typeof matches !== 'function') return fail(`glob: ${matches.problem}`)
  const place = toSandboxPath(path)
  if ('problem' in place) return fail(`glob: ${place.problem}`)
  const settings = `path=${quote(place.path)} limit=${mostListed}\nset -- ${toTests(listEndings(pattern))}\n`
  const result = await sandbox.run({ id, command: settings + script, timeoutMs, capBytes: listingLimit, signal })
  const ending = describeEnding('glob', result, { text: '', timeoutMs })
  if (ending !== null) return ending
  const whole = result.truncated === null ? result.output : withoutCutLine(result.output, result.truncated.at)
  const [first = '', ...lines] = toText(whole).split('\n')
  if (result.code !== 0) return fail(`glob: ${describeBadFolder(path ?? '.', first)}`)
  const files = lines.map(parseLine).filter((file) => file !== null)
  const newest = files.filter((file) => matches(file.path)).toSorted((a, b) => b.time - a.time)
  const isPartial = result.truncated !== null || files.length >= mostListed
  if (newest.length === 0 && !isPartial) return succeed('no matches')
  const shown = toFit(newest.slice(0, mostResults).map((file) => posix.join(first, file.path)))
  if (newest.length > shown.length) shown.push(`[${newest.length - shown.length} older files are left out]`)
  if (isPartial)
    shown.push(`[only ${files.length} files were looked at, there are more: give a longer path or a narrower pattern]`)
  return succeed(shown.join('\n'))
}

/** As many of the first lines as the model gets, with room for a word on the others. */
function toFit(lines: readonly string[]): string[] {
  let room = TEXT_LIMIT - 1_000
  return lines.filter((line) => (room -= line.length + 1) >= 0)
}

/** What `find` asks of a name, as words for `sh`. */
function toTests(endings: readonly string[]): string {
  const tests = endings.map((ending) => `-name ${quote(`*${ending}`)}`)
  return tests.length === 0 ? '' : `\\( ${tests.join(' -o ')} \\)`
}

/** The lines before `at`: the one that was cut there would name another file. */
function withoutCutLine(listing: Uint8Array, at: number): Uint8Array {
  return listing.subarray(0, listing.subarray(0, at).lastIndexOf(0x0a) + 1)
}

function parseLine(line: string): { readonly time: number; readonly path: string } | null {
  const [, time, path] = /^(\d+(?:\.\d+)?) \.\/(.+)$/.exec(line) ?? []
  return time === undefined || path === undefined ? null : { time: Number(time), path }
}
