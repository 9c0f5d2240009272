import { describe, expect, test } from 'vitest'
import type { CloudConfigParams } from '../../src/wire/types.ts'
import { prepareAgent } from '../support/prepare-agent.ts'
import { stopOf } from './waiting.ts'
import { useYard } from './use-yard.ts'
import { until } from './yard.ts'

const LIMIT_MS = 120_000

const yard = useYard()

/** What a session in such an environment is answered when it asks for a page. */
async function answerTo(url: string, networking: NonNullable<CloudConfigParams['networking']>): Promise<string> {
  const { beta } = yard().client
  const { agent } = await prepareAgent(yard().client)
  const config = { type: 'cloud' as const, networking }
  const { id: environment_id } = await beta.environments.create({ name: `network ${url}`, config })
  const { id } = await beta.sessions.create({ agent, environment_id })
  const asked = `GET ${url} HTTP/1.1\\r\\nHost: ${new URL(url).host}\\r\\nConnection: close\\r\\n\\r\\n`
  const command = `exec 3<>/dev/tcp/127.0.0.1/3128; printf '${asked}' >&3; cat <&3`
  await yard().send(id, `#program\nTOOL bash ${JSON.stringify({ command })}\nSAY done`)
  await until(async () => stopOf(await yard().list(id)) === 'end_turn')
  return JSON.stringify((await yard().list(id)).find(({ type }) => type === 'agent.tool_result'))
}

describe('the network of a session', () => {
  test('is what its environment allows', { timeout: LIMIT_MS }, async () => {
    const answer = await answerTo('http://other.test/', { type: 'limited', allowed_hosts: ['named.test'] })
    expect(answer).toContain('HTTP/1.1 403')
    expect(answer).toContain('It allows named.test.')
  })

  test('never leads back to the host', { timeout: LIMIT_MS }, async () => {
    const answer = await answerTo('http://127.0.0.1/v1/models', { type: 'unrestricted' })
    expect(answer).toContain('HTTP/1.1 403')
    expect(answer).toContain('127.0.0.1 has no public address')
  })
})
