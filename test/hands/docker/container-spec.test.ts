import { describe, expect, test } from 'vitest'
import { containerSpec, defaultLimits } from '../../../src/hands/docker/container-spec.ts'

const request = {
  key: { sessionId: 'sesn_1', generation: 2 },
  installation: 'abc',
  image: 'image:1',
  limits: defaultLimits,
  door: null,
}

describe('the container of a sandbox', () => {
  test('has its owner on it, and on its volumes', () => {
    const owned = { 'longhand.installation': 'abc', 'longhand.session': 'sesn_1', 'longhand.generation': '2' }
    const { Labels, HostConfig } = containerSpec(request)
    expect(Labels).toEqual({ ...owned, 'longhand.cargo': '1' })
    expect(HostConfig?.Mounts).toMatchObject([
      { Type: 'volume', Target: '/workspace', VolumeOptions: { Labels: owned } },
      { Type: 'volume', Target: '/mnt/session', VolumeOptions: { Labels: owned } },
    ])
  })

  test('has its hand on it, unless that is the main one', () => {
    const labelsOf = (hand: string) => containerSpec({ ...request, key: { ...request.key, hand } }).Labels
    expect(labelsOf('second')).toMatchObject({ 'longhand.hand': 'second' })
    expect(labelsOf('main')).not.toHaveProperty('longhand.hand')
  })

  test('mounts its door read-only, and forwards as nobody beside what idles', () => {
    const {
      HostConfig,
      Cmd,
      User,
      Env = [],
    } = containerSpec({ ...request, door: { folder: '/doors/1', source: '/host/1' } })
    const door = { Type: 'bind', Source: '/host/1', Target: '/run/egress', ReadOnly: true }
    expect(HostConfig?.Mounts?.[0]).toEqual(door)
    expect(HostConfig?.NetworkMode).toBe('none')
    expect([User, Cmd]).toMatchObject(['65534:65534', ['sh', '-c', expect.stringContaining('forward.pl')]])
    expect(Env).toContain('https_proxy=http://127.0.0.1:3128')
    expect(containerSpec(request).Env?.join(' ')).not.toContain('3128')
  })

  test('gives the whole seccomp profile, never a name for one', () => {
    const [first, filter = ''] = (containerSpec(request).HostConfig?.SecurityOpt ?? []) as string[]
    expect(first).toBe('no-new-privileges')
    expect(JSON.parse(filter.replace('seccomp=', ''))).toMatchObject({ defaultAction: 'SCMP_ACT_ERRNO' })
  })

  test('takes no swap beside its memory, and files in memory of at most half of that', () => {
    const { Memory = 0, MemorySwap, Tmpfs = {}, ShmSize = 0 } = containerSpec(request).HostConfig ?? {}
    expect(MemorySwap).toBe(Memory)
    const sizes = Object.values(Tmpfs).map((options) => Number(/size=(\d+)/.exec(options)?.[1]))
    expect(sizes.reduce((sum, size) => sum + size, ShmSize)).toBeLessThanOrEqual(Memory / 2)
  })

  test('is refused when its files in memory could fill it', () => {
    const limits = { ...defaultLimits, tmp: defaultLimits.memory / 2 }
    expect(() => containerSpec({ ...request, limits })).toThrow('expected at most half of the memory for tmpfs')
  })
})
