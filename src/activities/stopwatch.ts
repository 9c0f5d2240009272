/** Answers whole milliseconds since it was started, whatever the clock on the wall does meanwhile. */
export function startStopwatch(): () => number {
  const begun = performance.now()
  return () => Math.round(performance.now() - begun)
}
