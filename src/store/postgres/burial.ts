import { SessionBuried } from '../buried.ts'

/** Awaits a write for a session; the trigger's refusal (SQLSTATE `LH410`) becomes {@link SessionBuried}. */
export async function refusingBuried<T>(sessionId: string, write: Promise<T>): Promise<T> {
  try {
    return await write
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'LH410')
      throw new SessionBuried(sessionId, { cause: error })
    throw error
  }
}
