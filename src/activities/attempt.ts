/** Does a part of a sweep; one that fails is left for the next one and keeps nothing else from being swept. */
export async function attempt(
  { warn }: { readonly warn: (details: object, message: string) => void },
  session: string,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    warn({ err: error, session }, 'session not swept; it is tried again')
  }
}
