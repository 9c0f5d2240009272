import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Rows as a Markdown table, columns padded so that it reads in a terminal too; the first row is the head. */
export function toTable(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows
  const widths = head.map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n')
}

/** Writes `bench/results/<name>.json`, numbers to four decimals, and returns the file's path. */
export async function writeResult(name: string, result: unknown): Promise<string> {
  const folder = join(import.meta.dirname, '..', 'results')
  const file = join(folder, `${name}.json`)
  await mkdir(folder, { recursive: true })
  const json = JSON.stringify(
    result,
    (_, value: unknown) => (typeof value === 'number' ? Number(value.toFixed(4)) : value),
    2,
  )
  await writeFile(file, `${json}\n`)
  return file
}
