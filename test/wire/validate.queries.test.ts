import { describe, expect, test } from 'vitest'
import type { Queries } from '../../src/wire/requests.ts'
import { createValidator } from '../../src/wire/validate.ts'
import { failure } from './failure.ts'
import { list, messageFirst } from './requests.ts'
import type { BadRequest } from './requests.ts'

const validator = createValidator()

const GOOD_QUERIES: [keyof Queries, unknown, unknown][] = [
  ['agents.list', {}, {}],
  [
    'agents.list',
    { beta: 'true', limit: '100', include_archived: 'true', 'created_at[gte]': '2026-01-01T00:00:00Z' },
    { limit: 100, include_archived: true, 'created_at[gte]': '2026-01-01T00:00:00Z' },
  ],
  ['agents.retrieve', { version: '3' }, { version: 3 }],
  ['agents.versions', { limit: '1', page: 'abc' }, { limit: 1, page: 'abc' }],
  ['environments.list', { include_archived: 'false', page: '' }, { include_archived: false, page: null }],
  [
    'sessions.list',
    { 'statuses[]': ['idle', 'running'], order: 'asc', agent_id: 'agent_1', agent_version: '2' },
    { 'statuses[]': ['idle', 'running'], order: 'asc', agent_id: 'agent_1', agent_version: 2 },
  ],
  [
    'sessions.list',
    { 'statuses[]': 'idle', deployment_id: 'depl_1', memory_store_id: 'm' },
    { 'statuses[]': ['idle'], deployment_id: 'depl_1', memory_store_id: 'm' },
  ],
  [
    'events.list',
    { limit: '1000', 'types[]': 'workflow_run.created', 'created_at[gt]': '2026-01-01T00:00:00+01:00' },
    { limit: 1000, 'types[]': ['workflow_run.created'], 'created_at[gt]': '2026-01-01T00:00:00+01:00' },
  ],
  [
    'events.stream',
    { 'event_deltas[]': list(100, 'agent.thinking') },
    { 'event_deltas[]': list(100, 'agent.thinking') },
  ],
  [
    'threads.list',
    { 'statuses[]': ['idle', 'rescheduling'], limit: '1000', page: '' },
    { 'statuses[]': ['idle', 'rescheduling'], limit: 1000, page: null },
  ],
  ['threads.events', { limit: '1', page: 'abc', beta: 'true' }, { limit: 1, page: 'abc' }],
  ['resources.list', { limit: '1000' }, { limit: 1000 }],
  [
    'models.list',
    { 'lifecycle[]': ['active'], after_id: 'm', limit: '1000' },
    { 'lifecycle[]': ['active'], after_id: 'm', limit: 1000 },
  ],
]

const LARGEST_PAGES = [
  ['agents.list', 100],
  ['agents.versions', 100],
  ['environments.list', 100],
  ['sessions.list', 100],
  ['events.list', 1000],
  ['threads.list', 1000],
  ['threads.events', 1000],
  ['resources.list', 1000],
  ['models.list', 1000],
] as const

const BAD_QUERIES: BadRequest<keyof Queries>[] = [
  ...LARGEST_PAGES.flatMap(([route, most]): BadRequest<keyof Queries>[] => [
    [route, { limit: '0' }, 'limit: expected at least 1, got 0'],
    [route, { limit: '-1' }, 'limit: expected at least 1, got -1'],
    [route, { limit: 'ten' }, 'limit: expected integer, got string'],
    [route, { limit: ['1', '2'] }, 'limit: expected integer, got array'],
    [route, { limit: '1001' }, `limit: expected at most ${most}, got 1001`],
    [route, { offset: '1' }, 'offset: unknown field'],
  ]),
  ['agents.list', undefined, 'query: expected parameters'],
  ['agents.list', { include_archived: '1' }, 'include_archived: expected boolean, got string'],
  ['agents.list', { 'created_at[gt]': '2026-01-01T00:00:00Z' }, 'created_at[gt]: unknown field'],
  [
    'agents.list',
    { 'created_at[gte]': 'yesterday' },
    'created_at[gte]: expected an RFC 3339 time such as 2026-10-21T08:00:00Z, got "yesterday"',
  ],
  ['agents.list', JSON.parse('{"__proto__":"1"}'), '__proto__: unknown field'],
  ['agents.retrieve', { version: '0' }, 'version: expected at least 1, got 0'],
  ['agents.retrieve', { version: '-1' }, 'version: expected at least 1, got -1'],
  ['agents.retrieve', { version: '2147483648' }, 'version: expected at most 2147483647, got 2147483648'],
  ['sessions.list', { statuses: 'idle' }, 'statuses: unknown field'],
  [
    'sessions.list',
    { 'statuses[]': 'asleep' },
    'statuses[].0: expected one of "rescheduling", "running", "idle", "terminated", got "asleep"',
  ],
  ['sessions.list', { order: 'random' }, 'order: expected one of "asc", "desc", got "random"'],
  ['sessions.list', { agent_version: '2' }, 'agent_version: expected only together with agent_id'],
  [
    'events.stream',
    { 'event_deltas[]': 'agent.tool_use' },
    'event_deltas[].0: expected one of "agent.message", "agent.thinking", got "agent.tool_use"',
  ],
  [
    'events.stream',
    { 'event_deltas[]': list(101, 'agent.message') },
    'event_deltas[]: expected at most 100 items, got 101',
  ],
  ['threads.list', { statuses: 'idle' }, 'statuses: unknown field'],
  [
    'threads.list',
    { 'statuses[]': 'asleep' },
    'statuses[].0: expected one of "running", "idle", "rescheduling", "terminated", got "asleep"',
  ],
  ['threads.list', { 'statuses[]': list(101, 'idle') }, 'statuses[]: expected at most 100 items, got 101'],
  ['threads.events', { order: 'desc' }, 'order: unknown field'],
  [
    'models.list',
    { 'lifecycle[]': 'unborn' },
    'lifecycle[].0: expected one of "active", "deprecated", "retired", got "unborn"',
  ],
  ['models.list', { after_id: 'a', before_id: 'b' }, 'before_id: expected only without after_id'],
]

describe('parseQuery', () => {
  test.each(GOOD_QUERIES)('reads for %s the good query %#', (route, query, values) => {
    expect(validator.parseQuery(route, query)).toEqual(values)
  })

  test.each(BAD_QUERIES.map(messageFirst))('says for %s: %s', (route, message, query) => {
    expect(failure(() => validator.parseQuery(route, query))).toMatchObject({ kind: 'invalid_request', message })
  })

  test('cuts a long list of choices', () => {
    const { message } = failure(() => validator.parseQuery('events.list', { 'types[]': 'event_start' }))
    expect(message).toMatch(/^types\[\]\.0: expected one of ("[\w.]+", ){12}… \(41 in all\), got "event_start"$/)
  })
})
