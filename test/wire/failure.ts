import { ApiError } from '../../src/wire/errors.ts'

/** The ApiError that `run` throws; anything else goes on, and so does throwing nothing. */
export function failure(run: () => unknown): ApiError {
  try {
    run()
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
  throw new Error('expected a refusal, got none')
}
