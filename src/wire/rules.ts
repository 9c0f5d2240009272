import { DENIAL_LENGTH } from './limits.ts'
import { problemOfImage, problemOfPdf } from './media.ts'
import { MAX_REPOSITORIES } from './resources.ts'
import type { Requests } from './requests.ts'
import type {
  EventsSend,
  FileListQuery,
  ModelListQuery,
  SessionCreate,
  SessionListQuery,
  SessionUpdate,
  UserEvent,
} from './types.ts'

/** Images and documents in one request: as many as the model's API takes of images in one of its own. */
const MAX_FILES = 100
const MAX_IDS = 100

/** What is wrong with a request that its schema accepts: relations between fields, in words; empty when it is right. */
type Rules = { readonly [Route in keyof Requests]?: (request: Requests[Route]) => readonly string[] }

export const RULES: Rules = {
  'events.send': checkEvents,
  'files.list': checkFileList,
  'models.list': checkModelList,
  'sessions.create': checkSessionCreate,
  'sessions.list': checkSessionList,
  'sessions.update': checkSessionUpdate,
}

function checkEvents({ events }: EventsSend): string[] {
  const misplaced = events.findIndex((event, index) => event.type === 'system.message' && index < events.length - 1)
  const order =
    misplaced < 0 ? [] : [`events.${misplaced}: expected a system.message only as the last event of a request`]
  return [
    ...order,
    ...checkFiles(events, 'events'),
    ...events.flatMap((event, at) => checkEvent(event, `events.${at}`)),
  ]
}

function checkEvent(event: UserEvent, path: string): string[] {
  if (event.type === 'user.tool_confirmation' && event.result === 'allow' && typeof event.deny_message === 'string') {
    return [`${path}.deny_message: expected only with the result "deny"`]
  }
  // The schema counts characters, the session's workflow the units of UTF-16 that they are made of.
  if (event.type === 'user.tool_confirmation' && (event.deny_message?.length ?? 0) > DENIAL_LENGTH) {
    return [`${path}.deny_message: expected at most ${DENIAL_LENGTH} UTF-16 units`]
  }
  return contentOf(event).flatMap((block, index) => {
    const at = `${path}.content.${index}`
    if (block.type === 'image' || block.type === 'document') return checkSource(block, `${at}.source`)
    if (event.type !== 'user.message' && event.type !== 'system.message') return []
    if (block.type === 'redacted') return [`${at}.type: "redacted" is for answers of the server only`]
    // The model's API refuses a blank text, when nobody is there any more to correct it.
    const isBlank = block.type === 'text' && block.text.trim() === ''
    return isBlank ? [`${at}.text: expected text, got only white space`] : []
  })
}

type Block = NonNullable<Extract<UserEvent, { content?: unknown }>['content']>[number]

function contentOf(event: UserEvent): readonly Block[] {
  return 'content' in event ? (event.content ?? []) : []
}

function checkSource({ type, source }: Extract<Block, { type: 'image' | 'document' }>, path: string): string[] {
  if (source.type === 'text')
    return source.data.trim() === '' ? [`${path}.data: expected text, got only white space`] : []
  if (source.type !== 'base64') return []
  const problem = type === 'image' ? problemOfImage(source.media_type, source.data) : problemOfPdf(source.data)
  return problem === null ? [] : [`${path}.data: ${problem}`]
}

function checkFiles(events: readonly UserEvent[], path: string): string[] {
  const files = events.flatMap(contentOf).filter(({ type }) => type === 'image' || type === 'document').length
  return files > MAX_FILES ? [`${path}: expected at most ${MAX_FILES} images and documents, got ${files}`] : []
}

function checkSessionCreate({ initial_events: events = [], resources = [] }: SessionCreate): string[] {
  const repositories = resources.filter(({ type }) => type === 'github_repository').length
  const outcomes = events.filter((event) => event.type === 'user.define_outcome').length
  return [
    ...(repositories > MAX_REPOSITORIES
      ? [`resources: expected at most ${MAX_REPOSITORIES} repositories, got ${repositories}`]
      : []),
    ...(outcomes > 1 ? [`initial_events: expected at most one user.define_outcome, got ${outcomes}`] : []),
    ...checkFiles(events, 'initial_events'),
    ...events.flatMap((event, index) => checkEvent(event, `initial_events.${index}`)),
  ]
}

function checkSessionUpdate({ vault_ids: vaults }: SessionUpdate): string[] {
  return vaults === undefined ? [] : ['vault_ids: cannot be changed after the session was created']
}

function checkSessionList(query: SessionListQuery): string[] {
  const isLoose = query.agent_version !== undefined && query.agent_id === undefined
  return isLoose ? ['agent_version: expected only together with agent_id'] : []
}

function checkFileList({ 'ids[]': ids, limit, page }: FileListQuery): string[] {
  if (!ids) return []
  const count = new Set(ids).size
  return [
    ...(count > MAX_IDS ? [`ids[]: expected at most ${MAX_IDS} ids, got ${count}`] : []),
    ...(limit === undefined && !page ? [] : ['ids[]: expected only without page and limit']),
  ]
}

function checkModelList({ after_id: after, before_id: before }: ModelListQuery): string[] {
  return after !== undefined && before !== undefined ? ['before_id: expected only without after_id'] : []
}
