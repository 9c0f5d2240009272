import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { printEnvironment } from '../../src/cli/env.ts'

type Server = Parameters<typeof printEnvironment>[0]['server']

function run(server: Server, temporal = false): { code: number; out: string[]; err: string[] } {
  const out: string[] = []
  const err: string[] = []
  const code = printEnvironment({ server, temporal, print: (line) => out.push(line), warn: (line) => err.push(line) })
  return { code, out, err }
}

describe('env', () => {
  test('prints the exports for the official clients', () => {
    expect(run({ base_url: 'http://127.0.0.1:8787', api_key: 'lh_x', temporal_address: '127.0.0.1:7233' })).toEqual({
      code: 0,
      out: ["export ANTHROPIC_BASE_URL='http://127.0.0.1:8787' ANTHROPIC_API_KEY='lh_x'"],
      err: [],
    })
  })

  test('points Temporal clients at the server, too, when asked to', () => {
    const { out } = run(
      { base_url: 'http://127.0.0.1:8787', api_key: 'lh_x', temporal_address: '127.0.0.1:7233' },
      true,
    )
    expect(out).toEqual([
      "export ANTHROPIC_BASE_URL='http://127.0.0.1:8787' ANTHROPIC_API_KEY='lh_x' TEMPORAL_ADDRESS='127.0.0.1:7233'",
    ])
  })

  test('survives a shell, whatever is in the key', () => {
    const key = `a'b"c $(touch x) \\ \``
    const { out } = run({ base_url: 'http://127.0.0.1:1', api_key: key, temporal_address: '' })
    const shell = spawnSync('sh', ['-c', `eval "$0"; printf %s "$ANTHROPIC_API_KEY"`, out.join('\n')], {
      encoding: 'utf8',
    })
    expect(shell.stdout).toBe(key)
  })

  test('ends with 5 and one line when no server runs', () => {
    const { code, out, err } = run(undefined)
    expect([code, out]).toEqual([5, []])
    expect(err).toEqual([expect.stringContaining('no longhand dev runs on this data folder')])
  })
})
