import { describe, expect, test } from 'vitest'
import { planGit } from '../../src/egress/git-request.ts'
import type { RepositoryRoute } from '../../src/egress/repository-route.ts'

const ours: RepositoryRoute = { url: 'https://github.com/o/r', upstream: 'https://github.com/o/r', isTrusted: false }
const dotted: RepositoryRoute = { ...ours, url: 'https://github.com/o/r.x', upstream: 'https://github.com/o/r.x' }
const own: RepositoryRoute = { ...ours, url: 'http://git.test:8080/o/r', upstream: 'http://git.test:8080/o/r' }
const routes = [ours, dotted, own]
const refs = '/info/refs?service=git-upload-pack'

function plan(method: string, url: string) {
  try {
    return planGit(method, url, routes)
  } catch (error) {
    return error instanceof Error ? error.message : error
  }
}

describe('a request of git', () => {
  test.each([
    ['GET', '/git/github.com/o/r', refs, ours],
    ['GET', '/git/github.com/o/r', '/info/refs?service=git-receive-pack', ours],
    ['POST', '/git/github.com/o/r', '/git-upload-pack', ours],
    ['POST', '/git/github.com/o/r', '/git-receive-pack', ours],
    ['GET', '/git/github.com/o/r.git', refs, ours],
    ['GET', '/git/github.com/o/r.x', refs, dotted],
    ['GET', '/git/github.com/o/r.x.git', refs, dotted],
    ['GET', '/git/git.test:8080/o/r', refs, own],
  ])('%s %s%s goes to its repository', (method, path, ending, route) => {
    expect(plan(method, `${path}${ending}`)).toEqual({ route, ending })
  })

  test.each([
    ['GET', ''],
    ['GET', '/'],
    ['GET', '.git'],
    ['GET', '/HEAD'],
    ['GET', '/objects/info/packs'],
    ['GET', '/info/refs'],
    ['GET', '/info/refs?'],
    ['GET', '/info/refs?service=git-upload-archive'],
    ['GET', `${refs}&x=1`],
    ['GET', `${refs}#x`],
    ['GET', `${refs} `],
    ['GET', '/info/refs?x=1&service=git-upload-pack'],
    ['GET', '/info//refs?service=git-upload-pack'],
    ['GET', '//info/refs?service=git-upload-pack'],
    ['GET', '/INFO/refs?service=git-upload-pack'],
    ['GET', '/info/refs;x?service=git-upload-pack'],
    ['GET', '/%69nfo/refs?service=git-upload-pack'],
    ['GET', '/info%2frefs?service=git-upload-pack'],
    ['GET', '/../../x/y/info/refs?service=git-upload-pack'],
    ['GET', '/%2e%2e/%2e%2e/x/y/info/refs?service=git-upload-pack'],
    ['GET', '/..%2f..%2fx/info/refs?service=git-upload-pack'],
    ['GET', '/./info/refs?service=git-upload-pack'],
    ['GET', '\\..\\info/refs?service=git-upload-pack'],
    ['GET', '.git/../info/refs?service=git-upload-pack'],
    ['GET', '.git/.git/info/refs?service=git-upload-pack'],
    ['GET', '/git-upload-pack'],
    ['POST', refs],
    ['PUT', '/git-receive-pack'],
    ['DELETE', '/git-receive-pack'],
    ['HEAD', refs],
    ['POST', '/git-receive-pack?x'],
    ['POST', '/git-receive-pack/'],
    ['POST', '/git-upload-archive'],
    ['POST', '/info/lfs/objects/batch'],
    ['POST', '.git/info/lfs/objects/batch'],
    ['POST', '/info/lfs/locks/verify'],
  ])('%s <repository>%s goes nowhere', (method, ending) => {
    expect(plan(method, `/git/github.com/o/r${ending}`)).toBe(
      'Only clone, fetch, pull and push of o/r go through here, without LFS.',
    )
  })

  test.each([
    ['/git/github.com/o/r-other', 'https://github.com/o/r-other'],
    ['/git/github.com/o/r.git-2', 'https://github.com/o/r.git-2'],
    ['/git/github.com/o/r.wiki.git', 'https://github.com/o/r.wiki.git'],
    ['/git/github.com/o/rr.git', 'https://github.com/o/rr.git'],
    ['/git/github.com/O/R', 'https://github.com/O/R'],
    ['/git/git.test:8080/o/r2', 'http://git.test:8080/o/r2'],
  ])('for %s is sent to the real address', (path, location) => {
    expect(plan('GET', `${path}${refs}`)).toEqual({ location: `${location}${refs}` })
    expect(plan('GET', `${path}/HEAD`)).toBe('Only the repositories of this session go through here.')
    expect(plan('POST', `${path}/git-receive-pack`)).toBe('Only the repositories of this session go through here.')
  })

  test.each([
    '/git/',
    `/git/${refs}`,
    `/git/github.com${refs}`,
    `/git//github.com/o/r-other${refs}`,
    `/git/gitlab.com/o/r${refs}`,
    `/git/github.com.evil.test/o/r${refs}`,
    `/git/github.com@evil.test/o/r${refs}`,
    `/git/github.com:443/o/r${refs}`,
    `/git/github.com/o/r-other\r\nX: y${refs}`,
    `/git/github.com/o/%72${refs}`,
    `/git/github.com/o/r-ö${refs}`,
    `/git/GITHUB.com/o/r${refs}`,
    `/git/https://github.com/o/r${refs}`,
  ])('for %j goes nowhere', (url) => {
    expect(plan('GET', url)).toBe('Only the repositories of this session go through here.')
  })

  test('goes nowhere where there are no repositories', () => {
    expect(() => planGit('GET', `/git/github.com/o/r${refs}`, [])).toThrow('Only the repositories of this session')
  })
})
