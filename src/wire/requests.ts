import type * as Wire from './types.ts'

/** Routes with a body, and what each takes. */
export interface Bodies {
  'agents.create': Wire.AgentCreate
  'agents.update': Wire.AgentUpdate
  'environments.create': Wire.EnvironmentCreate
  'environments.update': Wire.EnvironmentUpdate
  'sessions.create': Wire.SessionCreate
  'sessions.update': Wire.SessionUpdate
  'events.send': Wire.EventsSend
  'resources.add': Wire.ResourceAdd
  'resources.update': Wire.ResourceUpdate
  'work.update': Wire.WorkUpdate
  'work.stop': Wire.WorkStopBody
}

/** Routes with a query, and what each takes, in names as they travel (`types[]`, `created_at[gte]`). */
export interface Queries {
  'agents.list': Wire.AgentListQuery
  'agents.retrieve': Wire.AgentRetrieveQuery
  'agents.versions': Wire.AgentVersionsQuery
  'environments.list': Wire.EnvironmentListQuery
  'files.list': Wire.FileListQuery
  'sessions.list': Wire.SessionListQuery
  'events.list': Wire.EventListQuery
  'events.stream': Wire.EventStreamQuery
  'resources.list': Wire.ResourceListQuery
  'threads.list': Wire.ThreadListQuery
  'threads.events': Wire.ThreadEventListQuery
  'models.list': Wire.ModelListQuery
  'work.poll': Wire.WorkPollQuery
  'work.heartbeat': Wire.WorkHeartbeatQuery
  'work.list': Wire.WorkListQuery
}

export interface Requests extends Bodies, Queries {}

/** The definition in the schema that was generated from the type of the same row above. */
export const DEFINITIONS = {
  'agents.create': 'AgentCreate',
  'agents.update': 'AgentUpdate',
  'agents.list': 'AgentListQuery',
  'agents.retrieve': 'AgentRetrieveQuery',
  'agents.versions': 'AgentVersionsQuery',
  'environments.create': 'EnvironmentCreate',
  'environments.update': 'EnvironmentUpdate',
  'environments.list': 'EnvironmentListQuery',
  'files.list': 'FileListQuery',
  'sessions.create': 'SessionCreate',
  'sessions.update': 'SessionUpdate',
  'sessions.list': 'SessionListQuery',
  'events.send': 'EventsSend',
  'events.list': 'EventListQuery',
  'events.stream': 'EventStreamQuery',
  'resources.add': 'ResourceAdd',
  'resources.update': 'ResourceUpdate',
  'resources.list': 'ResourceListQuery',
  'threads.list': 'ThreadListQuery',
  'threads.events': 'ThreadEventListQuery',
  'models.list': 'ModelListQuery',
  'work.update': 'WorkUpdate',
  'work.stop': 'WorkStopBody',
  'work.poll': 'WorkPollQuery',
  'work.heartbeat': 'WorkHeartbeatQuery',
  'work.list': 'WorkListQuery',
} as const satisfies Record<keyof Requests, string>
