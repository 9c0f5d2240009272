import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cacheFolder, ConfigError, readConfig, requireServerConfig } from '../src/config.ts'

const home = '/home/somebody'
const key = Buffer.alloc(32, 7).toString('base64')
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'longhand-config-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function write(name: string, content: string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

describe('the configuration', () => {
  test('has a default for everything that can have one', () => {
    expect(readConfig({}, { HOME: home })).toEqual({
      modelApiKey: undefined,
      modelBaseUrl: undefined,
      modelBackend: 'anthropic',
      modelNames: new Map(),
      modelWebTools: 'auto',
      databaseUrl: undefined,
      data: '/home/somebody/.local/share/longhand',
      port: 8787,
      apiKey: undefined,
      sandbox: 'auto',
      sandboxImage: 'longhand-sandbox:1',
      sandboxRuntime: undefined,
      sandboxCa: undefined,
      dockerData: undefined,
      roles: ['brain', 'hands'],
      host: undefined,
      sandboxIdle: 15,
      workspaceExport: 1_073_741_824,
      provisioning: 'lazy',
      codecKey: undefined,
      secretsKey: undefined,
      githubUrl: 'https://github.com',
      runEvents: 1000,
      workspaceRequests: 2000,
      workspaceSessions: 1000,
      workLease: 90,
      workIdle: 120,
      priceFile: undefined,
      hourlyRate: 0,
      temporal: { external: false, namespace: 'default', connection: {} },
    })
  })

  test.each([
    ['LONGHAND_MODEL_API_KEY', 'k', 'modelApiKey', 'k'],
    ['ANTHROPIC_API_KEY', 'k', 'modelApiKey', 'k'],
    ['LONGHAND_MODEL_BASE_URL', 'http://127.0.0.1:9', 'modelBaseUrl', 'http://127.0.0.1:9'],
    ['LONGHAND_MODEL_BACKEND', 'google-cloud', 'modelBackend', 'google-cloud'],
    [
      'LONGHAND_MODEL_NAMES',
      'a=x:0, b = y',
      'modelNames',
      new Map([
        ['a', 'x:0'],
        ['b', 'y'],
      ]),
    ],
    ['LONGHAND_MODEL_WEB_TOOLS', 'off', 'modelWebTools', 'off'],
    ['DATABASE_URL', 'postgres://h/d', 'databaseUrl', 'postgres://h/d'],
    ['LONGHAND_DATA', '/srv/x', 'data', '/srv/x'],
    ['LONGHAND_BLOBS', '/srv/b', 'blobs', '/srv/b'],
    ['LONGHAND_BLOBS', 's3://agents/here?path_style=true', 'blobs', 's3://agents/here?path_style=true'],
    ['XDG_DATA_HOME', '/xdg', 'data', '/xdg/longhand'],
    ['LONGHAND_PORT', '0', 'port', 0],
    ['LONGHAND_API_KEY', 'mine', 'apiKey', 'mine'],
    ['LONGHAND_SANDBOX', 'local', 'sandbox', 'local'],
    ['LONGHAND_SANDBOX_IMAGE', 'mine:2', 'sandboxImage', 'mine:2'],
    ['LONGHAND_SANDBOX_RUNTIME', 'runsc', 'sandboxRuntime', 'runsc'],
    ['LONGHAND_SANDBOX_CA', '/etc/ca.pem', 'sandboxCa', '/etc/ca.pem'],
    ['LONGHAND_DOCKER_DATA', '/srv//x/', 'dockerData', '/srv/x/'],
    ['LONGHAND_ROLES', 'hands', 'roles', ['hands']],
    ['LONGHAND_ROLES', 'hands, brain', 'roles', ['brain', 'hands']],
    ['LONGHAND_HOST', 'rack-1.a', 'host', 'rack-1.a'],
    ['LONGHAND_SANDBOX_IDLE', '0', 'sandboxIdle', 0],
    ['LONGHAND_WORKSPACE_EXPORT', '5000000000', 'workspaceExport', 5_000_000_000],
    ['LONGHAND_PROVISIONING', 'first', 'provisioning', 'first'],
    ['LONGHAND_RUN_EVENTS', '30', 'runEvents', 30],
    ['LONGHAND_WORKSPACE_REQUESTS', '5', 'workspaceRequests', 5],
    ['LONGHAND_WORKSPACE_SESSIONS', '7', 'workspaceSessions', 7],
    ['LONGHAND_WORK_LEASE', '30', 'workLease', 30],
    ['LONGHAND_WORK_IDLE', '7', 'workIdle', 7],
    ['LONGHAND_PRICES', '/etc/prices.toml', 'priceFile', '/etc/prices.toml'],
    ['LONGHAND_HOURLY_RATE', '8', 'hourlyRate', 8],
    ['LONGHAND_CODEC_KEY', key, 'codecKey', Buffer.alloc(32, 7)],
    ['LONGHAND_SECRETS_KEY', key, 'secretsKey', Buffer.alloc(32, 7)],
    ['LONGHAND_GITHUB_URL', 'http://127.0.0.1:80/git/', 'githubUrl', 'http://127.0.0.1/git'],
  ] as const)('reads %s=%s as %s', (variable, value, name, expected) => {
    expect(readConfig({}, { HOME: home, [variable]: value })[name]).toEqual(expected)
  })

  test('prefers its own model key to the one the official client reads', () => {
    const env = { HOME: home, ANTHROPIC_API_KEY: 'theirs', LONGHAND_MODEL_API_KEY: 'ours' }
    expect(readConfig({}, env).modelApiKey).toBe('ours')
  })

  test('takes an empty variable as not set', () => {
    const env = { HOME: home, LONGHAND_MODEL_API_KEY: '', ANTHROPIC_API_KEY: 'theirs', LONGHAND_PORT: '' }
    expect(readConfig({}, env)).toMatchObject({ modelApiKey: 'theirs', port: 8787 })
  })

  test('puts a flag before the environment, that before the file, and that before the default', () => {
    const config = write('order.toml', 'port = 1001\nsandbox = "docker"\ndata = "/file"\n')
    const env = { HOME: home, LONGHAND_CONFIG: config, LONGHAND_PORT: '1002', LONGHAND_SANDBOX: 'local' }
    expect(readConfig({ port: '1003' }, env)).toMatchObject({ port: 1003, sandbox: 'local', data: '/file' })
  })

  test('reads a JSON file', () => {
    expect(readConfig({ config: write('a.json', '{"port": 1001}') }, { HOME: home }).port).toBe(1001)
  })

  test('reads the file in the XDG folder without being told', () => {
    mkdirSync(join(folder, 'longhand'))
    write('longhand/config.toml', 'port = 1001')
    expect(readConfig({}, { HOME: home, XDG_CONFIG_HOME: folder }).port).toBe(1001)
  })

  test('resolves a relative data folder', () => {
    expect(readConfig({ data: 'here' }, { HOME: home }).data).toBe(join(process.cwd(), 'here'))
  })

  test.each([
    ['an unknown variable', {}, { LONGHAND_PROT: '1' }, 'unknown environment variable LONGHAND_PROT'],
    ['a port that is none', { port: '65536' }, {}, '--port must be a port, 0 to 65535'],
    ['a port with a unit', {}, { LONGHAND_PORT: '80k' }, 'LONGHAND_PORT must be a port'],
    ['a sandbox of another kind', {}, { LONGHAND_SANDBOX: 'none' }, 'LONGHAND_SANDBOX must be auto, docker or local'],
    [
      'a bucket with a typo',
      {},
      { LONGHAND_BLOBS: 's3://agents?regoin=x' },
      'LONGHAND_BLOBS must be a folder or s3://',
    ],
    ['blobs somewhere else', {}, { LONGHAND_BLOBS: 'gs://agents' }, 'LONGHAND_BLOBS must be a folder or s3://'],
    [
      'runs of no events',
      {},
      { LONGHAND_RUN_EVENTS: '19' },
      'LONGHAND_RUN_EVENTS must be a whole number of at least 20',
    ],
    ['a lease that no worker can keep', {}, { LONGHAND_WORK_LEASE: '1' }, 'must be a whole number of at least 2'],
    ['a quota of nothing', {}, { LONGHAND_WORKSPACE_SESSIONS: '0' }, 'must be a whole number of at least 1'],
    ['a rate in dollars', {}, { LONGHAND_HOURLY_RATE: '0.08' }, 'LONGHAND_HOURLY_RATE must be whole cents'],
    [
      'a place of repositories with a password',
      {},
      { LONGHAND_GITHUB_URL: 'https://a:b@c.test' },
      'LONGHAND_GITHUB_URL must be a URL starting with http:// or https://, without user, query and fragment',
    ],
    ['a place of repositories with a query', {}, { LONGHAND_GITHUB_URL: 'https://c.test?a=b' }, 'without user, query'],
    ['a worker without a role', {}, { LONGHAND_ROLES: 'head' }, 'LONGHAND_ROLES must be brain, hands or brain,hands'],
    ['a relative path on a host', {}, { LONGHAND_DOCKER_DATA: 'x' }, 'LONGHAND_DOCKER_DATA must be an absolute path'],
    ['a host with a slash', {}, { LONGHAND_HOST: 'a/b' }, 'LONGHAND_HOST must be a name of a-z'],
    ['sandboxes at any time', {}, { LONGHAND_PROVISIONING: 'now' }, 'must be lazy, parallel or first'],
    ['another database', {}, { DATABASE_URL: 'mysql://h/d' }, 'DATABASE_URL must be a URL starting with postgres://'],
    ['a model URL without a scheme', {}, { LONGHAND_MODEL_BASE_URL: 'host' }, 'LONGHAND_MODEL_BASE_URL must be a URL'],
    [
      'a model URL with a password',
      {},
      { LONGHAND_MODEL_BASE_URL: 'http://u:p@h' },
      'LONGHAND_MODEL_BASE_URL must be a URL starting with http:// or https://, without user and password',
    ],
    ['a short codec key', {}, { LONGHAND_CODEC_KEY: 'AAAA' }, 'LONGHAND_CODEC_KEY must be 32 bytes in base64'],
    [
      'a file that is not there',
      { config: '/nowhere/x.toml' },
      {},
      'cannot read the configuration file /nowhere/x.toml',
    ],
    ['a Temporal profile that is not there', {}, { TEMPORAL_PROFILE: 'x' }, "Profile 'x' not found"],
  ])('refuses %s', (_what, flags, env, message) => {
    expect(() => readConfig(flags, { HOME: home, ...env })).toThrow(ConfigError)
    expect(() => readConfig(flags, { HOME: home, ...env })).toThrow(message)
  })

  test.each([
    ['unknown.toml', 'prot = 1', 'unknown key prot'],
    ['nested.toml', '[port]\nnumber = 1', 'port in'],
    ['broken.toml', 'port =', 'is not valid TOML'],
    ['broken.json', '{', 'is not valid JSON'],
    ['list.json', '[1]', 'must hold an object'],
    ['wrong.toml', 'port = "x"', 'must be a port'],
  ])('refuses the file %s', (name, content, message) => {
    expect(() => readConfig({ config: write(name, content) }, { HOME: home })).toThrow(message)
  })

  test('never repeats a value in a refusal', () => {
    expect(() => readConfig({}, { HOME: home, LONGHAND_CODEC_KEY: 'c2VjcmV0' })).not.toThrow('c2VjcmV0')
  })

  test('tells a configured cluster from none', () => {
    const { temporal } = readConfig({}, { HOME: home, TEMPORAL_ADDRESS: 'host:7233', TEMPORAL_NAMESPACE: 'mine' })
    expect(temporal).toMatchObject({ external: true, namespace: 'mine', connection: { address: 'host:7233' } })
  })

  test('asks the server processes for a database', () => {
    expect(() => requireServerConfig(readConfig({}, { HOME: home }))).toThrow('DATABASE_URL is not set')
    const config = readConfig({}, { HOME: home, DATABASE_URL: 'postgres://h/d' })
    expect(requireServerConfig(config)).toEqual(config)
  })
})

test.each([
  [{ HOME: home }, '/home/somebody/.cache/longhand'],
  [{ HOME: home, XDG_CACHE_HOME: '/xdg' }, '/xdg/longhand'],
])('the cache folder with %o is %s', (env, expected) => {
  expect(cacheFolder(env)).toBe(expected)
})
