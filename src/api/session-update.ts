import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Refused } from '../session/settle.ts'
import { isHeldUp } from '../session/budget.ts'
import { refuses } from '../session/settle.ts'
import type { Configuration, SessionRow } from '../store/sessions.ts'
import { updateSessionAgent } from '../wire/agents.ts'
import { ApiError } from '../wire/errors.ts'
import { patchMetadata } from '../wire/metadata.ts'
import { mintId } from '../wire/mint.ts'
import { refuseOwnPatch } from '../wire/session-hands.ts'
import type { Session, SessionUpdate } from '../wire/types.ts'
import { refuseUnsupported, unsupportedInAgent } from '../wire/unsupported.ts'
import { refuseClosedDomains } from '../wire/web-tools.ts'
import type { ConfigureUpdate, Verdict } from '../workflows/messages.ts'
import { admit, wasDone } from './admission.ts'
import type { ApiContext } from './context.ts'
import { readRow } from './read-log.ts'
import { readSession, retrieveSession } from './retrieve-session.ts'

/** How often an agent is made anew because another update came first. */
const TRIES = 5

/**
 * Changes a session, all that the request names or nothing. The session's workflow decides, in order with its turns; a
 * new agent is stored before it hears of it, under an id that it takes only in place of the one that was read here.
 */
export async function updateSession(
  context: ApiContext,
  request: FastifyRequest<{ Params: { id: string } }>,
  reply: FastifyReply,
): Promise<Session> {
  const {
    params: { id },
    caller,
  } = request
  const body = context.validator.parseBody('sessions.update', request.body)
  const submission = { request, reply, target: id }
  if (await wasDone(context, submission)) return retrieveSession(context, caller, id)
  const row = await readRow(context, caller, id)
  let plan = await planUpdate(context, row, body)
  // Of a repeated request only the workflow knows whether it was done before, and the session may run by now.
  if (!request.attempt.row) demand(plan.refused)
  const { id: updateId } = await admit(context, submission, () => [])
  for (let attempt = 1; !(await carryOut(context, row, { ...plan, updateId: nth(updateId, attempt) })); attempt++) {
    if (attempt === TRIES) throw outrun()
    plan = await planUpdate(context, row, body)
  }
  await context.ingress.accepted(updateId)
  return retrieveSession(context, caller, id)
}

/** Sent again under the same key it would be answered by the verdicts that there are. */
function outrun(): ApiError {
  const message = 'The agent of the session keeps changing; send the update anew, as a request of its own.'
  return new ApiError('unavailable', message, { shouldRetry: false })
}

/** What the workflow is asked for, and the configuration that is to be stored before. */
interface Plan {
  readonly change: ConfigureUpdate
  readonly configuration: Configuration | null
  /** Why the session, as it is now, would not take all that is asked for. */
  readonly refused: Refused | null
}

/** @throws ApiError for what no session takes. */
async function planUpdate(
  context: ApiContext,
  row: SessionRow,
  { title, metadata, budget, agent }: SessionUpdate,
): Promise<Plan> {
  const { view, configuration: present } = await readSession(context, row)
  const { state } = view
  // The workflow applies the patch, so that two at once both count; here it is only checked.
  refuseOwnPatch(state.metadata, metadata ?? {})
  patchMetadata(state.metadata, metadata)
  const change = {
    ...(title === undefined ? {} : { title }),
    ...(metadata ? { metadata } : {}),
    ...(budget === undefined ? {} : { budget }),
  }
  const next = { id: mintId('cfg'), base: state.configuration ?? row.configurationId }
  const named = { ...change, ...(agent ? { configuration: next } : {}) }
  const refused = refuses({ ...state, configuration: next.base }, { type: 'configured', ...named })
  if (refused === null && budget !== undefined && isHeldUp(state)) await demandQuota(context, row)
  if (!agent) return { change, configuration: null, refused }
  const changed = updateSessionAgent(present.agent, agent)
  // One that is missing is put right by what is known of it.
  if (changed === present.agent && present.id === next.base) return { change, configuration: null, refused }
  refuseUnsupported(unsupportedInAgent(changed, context.webVersions(changed.model.id, present.harness)))
  refuseClosedDomains(changed.tools, present.networking)
  return { change: named, configuration: { ...present, id: next.id, agent: changed }, refused }
}

/** @throws ApiError 429 when the workspace has as many running sessions as it may: this one is about to be one. */
async function demandQuota({ quota }: ApiContext, { workspaceId, id }: SessionRow): Promise<void> {
  const refusal = await quota.running(workspaceId, id)
  if (refusal) throw refusal
}

/**
 * False when the agent that the plan was made of is not the session's any more.
 * @throws ApiError for what the workflow refuses otherwise.
 */
async function carryOut(
  { sessions, workflows }: ApiContext,
  row: SessionRow,
  { change, configuration, updateId }: Plan & { readonly updateId: string },
): Promise<boolean> {
  // One that the session never takes goes with it.
  if (configuration) await sessions.addConfiguration(row, configuration)
  const verdict = await workflows.configure(row.id, change, updateId)
  if (verdict.code === 'configuration_changed') return false
  demandDone(verdict)
  return true
}

/** Temporal answers an update as it answered the first one of that id, so every try has its own. */
function nth(id: string, attempt: number): string {
  return attempt === 1 ? id : `${id}-${attempt}`
}

/** @throws ApiError 400 with what the workflow said. */
export function demandDone({ refused, code }: Verdict): void {
  demand(refused === null ? null : { reason: refused, ...(code === undefined ? {} : { code }) })
}

/** @throws ApiError 400 with the reason. */
export function demand(refused: (Pick<Refused, 'reason'> & { readonly code?: string }) | null): void {
  if (refused === null) return
  throw new ApiError('invalid_request', refused.reason, refused.code === undefined ? {} : { code: refused.code })
}
