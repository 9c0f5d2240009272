import { EXIT } from './exit.ts'

/** One thing that was looked at; `remedy` says what to do when it is not in order, or what would be better. */
interface Finding {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
  readonly remedy?: string | undefined
}

export interface DoctorOptions {
  /** Groups of checks, in the order of their lines; they come from the roots. */
  readonly checks: readonly (() => Promise<readonly Finding[]>)[]
  /** One JSON array instead of lines. */
  readonly json: boolean
  readonly print: (line: string) => void
}

/** Prints a line with ✓, ! or ✗ and the remedy for each finding. Resolves with the exit code: 0, or 5 when one is ✗. */
export async function runDoctor({ checks, json, print }: DoctorOptions): Promise<number> {
  const findings: Finding[] = []
  for (const check of checks) findings.push(...(await check()))
  const width = Math.max(0, ...findings.map(({ name }) => name.length))
  const lines = json ? [JSON.stringify(findings)] : findings.flatMap((finding) => describe(finding, width))
  for (const line of lines) print(line)
  return findings.every(({ ok }) => ok) ? EXIT.done : EXIT.unreachable
}

function describe({ name, ok, detail, remedy }: Finding, width: number): string[] {
  const sign = ok ? (remedy === undefined ? '✓' : '!') : '✗'
  const line = `${sign} ${name.padEnd(width)}  ${detail}`
  return remedy === undefined ? [line] : [line, `  ${' '.repeat(width)}  → ${remedy}`]
}
