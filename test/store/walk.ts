import * as fc from 'fast-check'
import { after } from './builders.ts'

/** Walks a list page by page from its start, by the last row of each page, until a page is empty. */
export async function walk<T>(page: (from: T | undefined) => Promise<readonly T[]>): Promise<readonly T[]> {
  const seen: T[] = []
  for (;;) {
    const rows = await page(seen.at(-1))
    if (rows.length === 0) return seen
    seen.push(...rows)
  }
}

/** Moments with many ties: pages have to tell rows of one millisecond apart by their ids. */
export const moments = fc.array(
  fc.integer({ min: 0, max: 5 }).map((seconds) => after(seconds / 1_000)),
  { maxLength: 25 },
)
export const limits = fc.integer({ min: 1, max: 9 })

/** `(created_at, id)` ascending, ids bytewise. */
export function byAge(
  a: { readonly createdAt: Date; readonly id: string },
  b: { readonly createdAt: Date; readonly id: string },
): number {
  return a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : Number(a.id > b.id))
}
