import { readFileSync } from 'node:fs'
import Anthropic from '@anthropic-ai/sdk'
import { describe, expect, test } from 'vitest'
import { isLeftOut, readSdkRoutes } from '../../scripts/sdk-routes.ts'
import { AUTHORIZED, createFakeApp } from '../api/fakes.ts'
import { ROUTE_CALLS } from '../sdk/route-calls.ts'
import { formatCoverage, readCoverage } from '../support/coverage-document.ts'
import { ROUTES } from '../support/fuzz-request.ts'

function nameOf(route: string): string {
  return route.replaceAll(/[:{]\w+\}?/g, '{}')
}

describe('the coverage of the API', async () => {
  const covered = await readCoverage()

  test('is documented as it is; run gen:coverage when it is not', async () => {
    expect(readFileSync(new URL('../../docs/coverage.md', import.meta.url), 'utf8')).toBe(await formatCoverage())
  })

  test('knows every call of the SDK by a name that the SDK has', () => {
    const calls = readSdkRoutes().filter((call) => !isLeftOut(call))
    expect(calls.length).toBeGreaterThan(100)
    const isMethod = (name: string): boolean => {
      const found = name
        .split('.')
        .reduce<unknown>((at, part) => Reflect.get(Object(at), part), new Anthropic({ apiKey: 'x' }))
      return typeof found === 'function'
    }
    expect(calls.filter(({ name }) => !isMethod(name))).toEqual([])
  })

  test('has an official call of every route that is built, and of no other', () => {
    const built = covered.filter((route) => route.built !== 'no').flatMap(({ methods }) => methods)
    expect(Object.keys(ROUTE_CALLS).toSorted()).toEqual(built.toSorted())
  })

  test('is all that this server has: no route is its own', () => {
    const known = new Set(covered.map(({ route }) => nameOf(route)))
    expect(ROUTES.map(({ method, path }) => nameOf(`${method} ${path}`)).filter((route) => !known.has(route))).toEqual(
      [],
    )
  })

  test('tells what is not built from what is no route at all, and of neither to try again', async () => {
    const { app } = createFakeApp()
    const missing = covered.filter(({ built }) => built === 'no')
    expect(missing.length).toBeGreaterThan(0)
    for (const { route } of missing) {
      const [method = '', template = ''] = route.split(' ')
      // A cast because the verbs come out of the SDK's code as text.
      const asked = { method: method as 'GET', url: template.replaceAll(/\{\w+\}/g, 'none'), headers: AUTHORIZED }
      const answer = await app.inject(asked)
      expect([answer.statusCode, answer.headers['x-should-retry']]).toEqual([404, 'false'])
      expect(answer.json().error).toEqual({
        type: 'not_found_error',
        message: `${route} is part of the API and not built in this server yet; docs/coverage.md lists what is.`,
        details: { error_code: 'not_built' },
      })
      expect((await app.inject({ ...asked, headers: {} })).statusCode).toBe(401)
    }
    for (const url of ['/v1/soothsayers', '/v1/vaults/', '/v1/agents/a/b/c']) {
      const answer = await app.inject({ url, headers: AUTHORIZED })
      expect([answer.statusCode, answer.headers['x-should-retry']]).toEqual([404, 'false'])
      expect(answer.json().error).toEqual({ type: 'not_found_error', message: `GET ${url} is no route of this API.` })
    }
  })
})
