import { Context } from '@temporalio/activity'
import { HandsUnavailable } from '../hands/hands.ts'
import { RecipeFailed } from '../hands/recipe.ts'
import type { SandboxHands } from '../hands/sandbox-hands.ts'
import { failure } from './failures.ts'
import { startHeartbeat } from './heartbeat.ts'
import type { SessionActivities } from './index.ts'
import { outlast } from './outlast.ts'
import { toProvisioned } from './provisioned.ts'
import type { RecipeReader } from './recipe.ts'
import { reading } from './recipe.ts'
import { untilCancelled } from './until-cancelled.ts'

/**
 * Makes a sandbox before a call needs it: tried again it finds what is there, and goes on with what is half made. Whoever
 * asked may be gone meanwhile; a sandbox of a session that is over is refused by the store, or ended by its host's keeper.
 */
export function createProvision(
  hands: Pick<SandboxHands, 'prepare'>,
  recipes: RecipeReader,
): Pick<SessionActivities, 'provision'> {
  return {
    async provision(input) {
      const stopBeating = startHeartbeat()
      try {
        const givenUp = new AbortController()
        const { session: sessionId, hand, supplies } = input
        const more = supplies === undefined ? {} : { supplies }
        const asked = { sessionId, hand, signal: givenUp.signal, ...reading(recipes, sessionId, hand), ...more }
        const prepared = outlast(() => hands.prepare(asked), { signal: Context.current().cancellationSignal })
        const came = await Promise.race([prepared, untilCancelled(givenUp)])
        if ('elsewhere' in came) return { entries: [], elsewhere: came.elsewhere }
        return { entries: [toProvisioned(came.made, false)] }
      } catch (error) {
        if (error instanceof HandsUnavailable) throw failure('hands_unavailable', `hands: ${error.message}`, error)
        if (error instanceof RecipeFailed) throw failure('refused', `hands: ${error.message}`, error)
        throw error
      } finally {
        stopBeating()
      }
    },
  }
}
