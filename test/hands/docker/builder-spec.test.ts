import { describe, expect, test } from 'vitest'
import { builderSpec } from '../../../src/hands/docker/builder-spec.ts'
import { defaultLimits } from '../../../src/hands/docker/container-spec.ts'

const request = { image: 'i', installation: 'abc', limits: defaultLimits, door: null }

describe('the container of a builder', () => {
  test('is as tight as a sandbox, but for what managers need to own what they install', () => {
    const { HostConfig, User, Labels } = builderSpec(request)
    expect(HostConfig).toMatchObject({
      NetworkMode: 'none',
      CapDrop: ['ALL'],
      CapAdd: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'SETGID', 'SETUID'],
      Memory: defaultLimits.memory,
      PidsLimit: defaultLimits.pids,
      ReadonlyRootfs: false,
      Mounts: [],
    })
    expect(HostConfig?.SecurityOpt?.[0]).toBe('no-new-privileges')
    expect(User).toBe('0:0')
    expect(Labels).toEqual({ 'longhand.build': 'abc' })
  })

  test('gives the way to the network to the managers alone, and not to what is made', () => {
    const {
      Env,
      Cmd = [],
      Labels,
      HostConfig,
    } = builderSpec({ ...request, door: { name: 'd', folder: '/doors/1', source: '/host/1' } })
    expect(Env).toBeUndefined()
    expect(Cmd[2]).toContain('exec env HTTP_PROXY=http://127.0.0.1:3128 ')
    expect(Cmd[2]).toContain('forward.pl')
    expect(Labels).toMatchObject({ 'longhand.door': 'd' })
    expect(HostConfig?.Mounts).toEqual([{ Type: 'bind', Source: '/host/1', Target: '/run/egress', ReadOnly: true }])
  })

  test('is ended when it takes too long', () => {
    expect(builderSpec(request).Cmd?.[2]).toContain('timeout -k 5 600 sh /longhand-build/install.sh')
  })
})
