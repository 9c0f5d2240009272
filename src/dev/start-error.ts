/**
 * Something needed to start is not there: `message` says what in one line, `remedy` what to do. Roots print both on one line and
 * exit with `exitCode`.
 */
export class StartError extends Error {
  readonly exitCode = 5
  readonly remedy: string

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options)
    this.remedy = remedy
  }
}
