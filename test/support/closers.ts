/** What was opened, to be closed together. */
export class Closers {
  readonly #closers: (() => Promise<unknown>)[] = []

  add(closer: () => Promise<unknown>): void {
    this.#closers.push(closer)
  }

  /** Last opened, first closed; one that fails keeps no other from being closed. */
  async close(): Promise<void> {
    for (const closer of this.#closers.splice(0).toReversed())
      await closer().catch((error: unknown) => console.error(error))
  }
}
