import { describe, expect, test } from 'vitest'
import { readApiRoutes } from '../../scripts/sdk-routes.ts'
import { API_ROUTES, findApiRoute } from '../../src/wire/routes.ts'

describe('the routes of the API', () => {
  test('are what the SDK calls today; run gen:wire when they are not', () => {
    expect(API_ROUTES).toEqual(readApiRoutes())
  })

  test.each([
    ['GET', '/v1/agents', 'GET /v1/agents'],
    ['POST', '/v1/agents/agent_1', 'POST /v1/agents/{agent_id}'],
    ['DELETE', '/v1/vaults/a%2Fb', 'DELETE /v1/vaults/{vault_id}'],
    ['GET', '/v1/environments/env_1/work/poll', 'GET /v1/environments/{environment_id}/work/poll'],
    ['GET', '/v1/environments/env_1/work/work_1', 'GET /v1/environments/{environment_id}/work/{work_id}'],
  ])('know %s %s', (method, path, route) => {
    expect(findApiRoute(method, path)).toBe(route)
  })

  test.each([
    ['PUT', '/v1/agents'],
    ['DELETE', '/v1/agents/agent_1'],
    ['GET', '/v1/agents/'],
    ['GET', '/v1/vaults/'],
    ['GET', '/V1/agents'],
    ['GET', '/v1'],
    ['GET', '*'],
    ['GET', ''],
    ['POST', '/v1/messages'],
    ['GET', '/v1/{vault_id}'],
  ])('know nothing of %s %s', (method, path) => {
    expect(findApiRoute(method, path)).toBeNull()
  })
})
