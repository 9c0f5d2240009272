import { existsSync, readFileSync } from 'node:fs'

const root = new URL('../../', import.meta.url)

/**
 * The rows of a table of documents, without its head.
 * @throws Error for a file that is no table of these columns.
 */
export function readTable(file: URL, columns: readonly string[]): readonly (readonly string[])[] {
  const [head, ...lines] = parse(readFileSync(file, 'utf8'))
  if (head?.join() !== columns.join()) throw new Error(`expected the columns ${columns.join()}, got ${head?.join()}`)
  const bad = lines.find((cells) => cells.length !== columns.length)
  if (bad !== undefined) throw new Error(`expected ${columns.length} cells, got ${JSON.stringify(bad)}`)
  return lines
}

/**
 * What is wrong with where a row says its proofs are, `file > text > text` divided by ` ; `: no such file, or no such
 * words in it.
 */
export function faultsIn(proofs: string): readonly string[] {
  return proofs.split(' ; ').filter(Boolean).flatMap(faultsInOne)
}

function faultsInOne(proof: string): readonly string[] {
  const [file = '', ...titles] = proof.split(' > ')
  const place = new URL(file, root)
  if (!/^test\/[\w./-]+\.ts$/.test(file) || !existsSync(place)) return [`no file ${file}`]
  const text = readFileSync(place, 'utf8').replaceAll("\\'", "'")
  return titles.filter((title) => !text.includes(title)).map((title) => `${file} has no ${title}`)
}

/** Comma-separated values as RFC 4180 has them, one line each. */
function parse(text: string): string[][] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,"]*))/g)].map(
        ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
      ),
    )
}
