import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { RUN_ID, SESSION } from '../support/history-builders.ts'

/** An activity's surroundings that say nothing of failures: those are what the tests are about. */
export function quietEnvironment(activityId = '1'): MockActivityEnvironment {
  const workflowExecution = { workflowId: SESSION, runId: RUN_ID }
  return new MockActivityEnvironment({ activityId, workflowExecution }, { logger: new DefaultLogger('ERROR') })
}

/** Runs work as an activity; the environment's own types lose what it answers. */
export async function inActivity<T>(
  work: () => Promise<T>,
  environment: MockActivityEnvironment = quietEnvironment(),
): Promise<T> {
  const answers: T[] = []
  await environment.run(async () => void answers.push(await work()))
  const [answer] = answers
  if (answer === undefined) throw new Error('expected an answer of the activity')
  return answer
}
