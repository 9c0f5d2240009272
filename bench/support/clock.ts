/** Milliseconds since the epoch with fractions: one clock for all processes of a host, as far as they agree on their start. */
export function now(): number {
  return performance.timeOrigin + performance.now()
}
