import { proxyActivities, workflowInfo } from '@temporalio/workflow'
import type { SessionActivities } from '../activities/index.ts'
import type { Input } from '../session/settle.ts'
import { asksForWorker } from '../session/staffing.ts'
import type { LogState } from '../session/state.ts'
import { queueWorkOptions } from './options.ts'

/** Has workers invited to a self-hosted session, beside the turn: no interrupt gives it up. */
export interface Staffing {
  /** Looks whether what came asks for a worker. A session that begins does. */
  look(state: LogState, letters: readonly Input[]): void
  /** Has one invited if one is asked for; while that is under way, once more behind it. */
  start(): void
  /** Whether a worker is asked for who is not invited yet. */
  isBusy(): boolean
}

/** @param begins whether the session begins with this run. */
export function createStaffing(begins: boolean): Staffing {
  let isNew = begins
  let isAsked = false
  let isInviting = false

  async function invite(): Promise<void> {
    const { queueWork } = proxyActivities<SessionActivities>(queueWorkOptions)
    while (isAsked) {
      isAsked = false
      // It is tried until it is done; what refuses it for good is the sweeper's.
      await queueWork({ session: workflowInfo().workflowId }).catch(() => undefined)
    }
    isInviting = false
  }

  return {
    look({ selfHosted, status }, letters) {
      if (selfHosted && status !== 'terminated' && (isNew || asksForWorker(letters))) isAsked = true
      isNew = false
    },
    start() {
      if (!isAsked || isInviting) return
      isInviting = true
      void invite()
    },
    isBusy: () => isAsked || isInviting,
  }
}
