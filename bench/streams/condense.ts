/** So many quantiles stand for a series that is too long to be kept. */
const most = 1_001

/** At most 1,001 values with the percentiles of `values`: all of them, or evenly spaced quantiles. */
export function condense(values: readonly number[]): readonly number[] {
  if (values.length <= most) return values
  const sorted = Float64Array.from(values).toSorted()
  return Array.from({ length: most }, (_, index) => sorted[Math.round((index / (most - 1)) * (sorted.length - 1))] ?? 0)
}
