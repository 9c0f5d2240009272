/** Awaits a write; `refused` makes the error that a violation of this constraint becomes. Other errors pass. */
export async function refusingViolation<T>(
  constraint: string,
  write: Promise<T>,
  refused: (cause: Error) => Error,
): Promise<T> {
  try {
    return await write
  } catch (error) {
    if (error instanceof Error && 'constraint' in error && error.constraint === constraint) throw refused(error)
    throw error
  }
}
