import { MockActivityEnvironment } from '@temporalio/testing'

/** Runs work as an activity; the environment's own types lose what it answers. */
export async function inActivity<T>(
  work: () => Promise<T>,
  environment: MockActivityEnvironment = new MockActivityEnvironment(),
): Promise<T> {
  const answers: T[] = []
  await environment.run(async () => void answers.push(await work()))
  const [answer] = answers
  if (answer === undefined) throw new Error('expected an answer of the activity')
  return answer
}
