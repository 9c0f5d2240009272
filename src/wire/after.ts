/** Runs `run` once, `ms` milliseconds from now, unless the returned function is called first. */
export type After = (ms: number, run: () => void) => () => void

/** By the system's clock. */
export function after(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms)
  return () => clearTimeout(timer)
}
