import type { Case, Places } from './bad-case.ts'
import { get, post, sessions } from './bad-case.ts'

const FILE = { type: 'file', file_id: 'file_01missing' }
const REPOSITORY = { type: 'github_repository', url: 'https://github.com/octo/repo' }
const TOKEN = 'ghp_0123456789abcdef'

/** A session of the tests' own agent with these resources. */
function mounting(name: string, resources: readonly unknown[], rest: Partial<Case> = {}): Case {
  const bodyOf = ({ agent, environment }: Places) => ({ agent, environment_id: environment, resources })
  return post(name, sessions, undefined, { bodyOf, ...rest })
}

/** A session with one repository that is wrong in one way, which must not say its token. */
function cloning(name: string, change: object, says: RegExp): Case {
  return mounting(name, [{ ...REPOSITORY, authorization_token: TOKEN, ...change }], { says })
}

const EXPECTED =
  /^resources\.0\.url: expected https:\/\/github\.com\/<owner>\/<repo> without \.git(?:, got something else)?$/
const BAD_URLS = [
  'https://github.com/o/r.git',
  'https://github.com/o/r/',
  'https://github.com/o',
  'https://github.com/o/r/tree/main',
  'https://github.com/o/r?token=x',
  'http://github.com/o/r',
  'https://gitlab.com/o/r',
  'https://github.com.evil.com/o/r',
  `https://${TOKEN}@github.com/o/r`,
  'git@github.com:o/r.git',
  'ssh://git@github.com/o/r',
  'file:///etc/passwd',
  'github.com/o/r',
  '',
]

const resources = ({ session }: Places): string => `/v1/sessions/${session}/resources`

/** Resources that no session can have, and those of nobody. */
export const BAD_MOUNTS: readonly Case[] = [
  mounting('a session with a file that is not there', [FILE], { status: 404, says: /^resources\.0\.file_id: no file/ }),
  mounting(
    'a session with 501 files',
    Array.from({ length: 501 }, () => FILE),
    { says: /at most 500 items/ },
  ),
  mounting('a session with a file without an id', [{ type: 'file' }], { says: /file_id: required/ }),
  mounting('a session with a resource of nobody', [{ type: 'floppy', file_id: 'x' }], { says: /expected one of/ }),
  mounting('a session with a memory store', [{ type: 'memory_store', memory_store_id: 'memstore_1' }], {
    says: /^not supported yet: memory_store resources$/,
  }),
  mounting(
    'a session with 21 repositories',
    Array.from({ length: 21 }, () => REPOSITORY),
    {
      says: /^resources: expected at most 20 repositories, got 21$/,
    },
  ),
  mounting('a session with two repositories at one path', [REPOSITORY, REPOSITORY], {
    says: /^resources: two of them are mounted at \/workspace\/repo$/,
  }),
  mounting('a session with a repository in another', [REPOSITORY, { ...REPOSITORY, mount_path: '/workspace/repo/b' }], {
    says: /exclude each other$/,
  }),
  ...BAD_URLS.map((url) => cloning(`a repository at ${JSON.stringify(url)}`, { url }, EXPECTED)),
  ...['/', '..', '/proc', '/workspace', '/workspace/../etc', '/mnt/session/uploads/r', 'r', '/workspace/a//b'].map(
    (path) => cloning(`a repository cloned to ${path}`, { mount_path: path }, /^resources\.0\.mount_path: expected/),
  ),
  ...['', '..', '--upload-pack=x', 'a b', 'a..b', 'refs/heads/.x', 'a.lock', 'a:b'].map((name) =>
    cloning(
      `a branch called ${JSON.stringify(name)}`,
      { checkout: { type: 'branch', name } },
      /^resources\.0\.checkout/,
    ),
  ),
  ...['', 'main', 'abc', '0'.repeat(39)].map((sha) =>
    cloning(`a commit called ${JSON.stringify(sha)}`, { checkout: { type: 'commit', sha } }, /^resources\.0\.checkout/),
  ),
  ...['', ' ', `${TOKEN}\n`, `Bearer ${TOKEN}`, 'ä', 'x'.repeat(4097)].map((token) =>
    cloning(
      `a token of ${token.length} characters that is none`,
      { authorization_token: token },
      /^resources\.0\.authorization_token: expected 1 to 4096 visible ASCII characters, got something else$/,
    ),
  ),
  post('a session with a repository where its worker clones', sessions, undefined, {
    bodyOf: ({ agent, own }) => ({ agent, environment_id: own, resources: [REPOSITORY] }),
    says: /^environment_id: env_\w+ is self-hosted: its sessions take no file or github_repository resources$/,
  }),
  post('a file that is not there for a session', resources, FILE, { status: 404, says: /^file_id: no file/ }),
  post('a path of 4,096 characters', resources, { ...FILE, mount_path: 'x'.repeat(4096) }),
  post('an empty path', resources, { ...FILE, mount_path: '' }),
  post('a file for an archived session', ({ archived }) => `/v1/sessions/${archived}/resources`, FILE),
  post('a file for a deleted session', ({ deleted }) => `/v1/sessions/${deleted}/resources`, FILE, { status: 404 }),
  get('1,001 resources', (places) => `${resources(places)}?limit=1001`),
  get('no resources', (places) => `${resources(places)}?limit=0`),
]
