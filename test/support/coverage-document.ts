import { VERSION } from '@anthropic-ai/sdk/version'
import type { SdkRoute } from '../../scripts/sdk-routes.ts'
import { isLeftOut, readApiRoutes, readSdkRoutes } from '../../scripts/sdk-routes.ts'
import { AUTHORIZED, createFakeApp } from '../api/fakes.ts'
import { ROUTE_CALLS } from '../sdk/route-calls.ts'
import type { ConformanceRow } from './conformance.ts'
import { STATES, readConformance } from './conformance.ts'

/** A route of the API, as it stands in this server. */
export interface CoveredRoute {
  readonly route: string
  /** The SDK's methods that call it. */
  readonly methods: readonly string[]
  readonly built: 'yes' | 'no'
  /** Whether each of its methods is called against the real server. */
  readonly isTested: boolean
}

/** Every route that the installed SDK calls, asked of the application over ports in memory. */
export async function readCoverage(): Promise<readonly CoveredRoute[]> {
  const { app } = createFakeApp()
  const calls = readSdkRoutes()
  return Promise.all(
    readApiRoutes().map(async (route) => {
      const methods = calls.filter((call) => call.route === route).map(({ name }) => name)
      const [method = '', template = ''] = route.split(' ')
      const url = template.replaceAll(/\{\w+\}/g, 'none')
      // A cast because the verbs come out of the SDK's code as text.
      const answer = await app.inject({ method: method as 'GET', url, headers: AUTHORIZED })
      const isBuilt = answer.statusCode !== 404 || answer.json().error.details?.error_code !== 'not_built'
      return {
        route,
        methods,
        built: isBuilt ? 'yes' : 'no',
        isTested: methods.every((name) => ROUTE_CALLS[name] !== undefined),
      }
    }),
  )
}

/** `docs/coverage.md` as it has to be today. */
export async function formatCoverage(): Promise<string> {
  const routes = await readCoverage()
  const outside = readSdkRoutes().filter(isLeftOut)
  const rows = readConformance()
  return `# Coverage

Written by \`npm run gen:coverage\`; a test compares this file with a fresh one. What is done differently on purpose stands in
[divergences.md](divergences.md).

## Routes

Read out of the installed SDK (\`@anthropic-ai/sdk\` ${VERSION}): every method and path of its resources. "Tested" means that
the SDK's own method is called against the real server (\`test/sdk/coverage.server.test.ts\`), beside what the other tests do with it. A route
that is not built answers 404 \`not_found_error\` with the code \`not_built\` and \`x-should-retry: false\`.

${summarize(routes, outside)}

| Route | In the SDK | Built | Tested |
|---|---|---|---|
${routes.map(toLine).join('\n')}

## Behaviour

Rows of [conformance.csv](conformance.csv), each a sentence about what clients may rely on and, where it holds, the test that
would fail if it did not. \`diverges\`: done differently, with its line in [divergences.md](divergences.md). \`later\`: not there yet.

${countRows(rows)}
`
}

function summarize(routes: readonly CoveredRoute[], outside: readonly SdkRoute[]): string {
  const count = (built: CoveredRoute['built']): number => routes.filter((route) => route.built === built).length
  const families = [...new Set(outside.map(({ route }) => `\`/v1/${route.split('/')[2]}\``))].join(', ')
  return `* Routes: ${routes.length}. Built: ${count('yes')}; not built: ${count('no')}.
* Tested by the SDK: ${routes.filter(({ isTested }) => isTested).length}.
* Left out: ${new Set(outside.map(({ route }) => route)).size} routes of ${families}: an organization's
  administration and the Messages API itself, whose client this server is.`
}

function toLine({ route, methods, built, isTested }: CoveredRoute): string {
  return `| \`${route}\` | ${methods.map((name) => `\`${name}\``).join(', ')} | ${built} | ${isTested ? 'yes' : 'no'} |`
}

function countRows(rows: readonly ConformanceRow[]): string {
  const areas = [...new Set(rows.map(({ area }) => area))]
  const line = (name: string, of: readonly ConformanceRow[]): string =>
    `| ${name} | ${STATES.map((state) => of.filter((row) => row.state === state).length).join(' | ')} | ${of.length} |`
  return [
    `| Area | ${STATES.join(' | ')} | all |`,
    `|---|${STATES.map(() => '---').join('|')}|---|`,
    ...areas.map((area) =>
      line(
        area,
        rows.filter((row) => row.area === area),
      ),
    ),
    line('**all**', rows),
  ].join('\n')
}
