import { describe, expect, test } from 'vitest'
import { defaultLimits } from '../../../src/hands/docker/container-spec.ts'
import { findWeaknesses } from '../../../src/hands/docker/hardening.ts'

const common = `Uid:\t1000\t1000\t1000\t1000
Gid:\t1000\t1000\t1000\t1000
CapInh:\t0000000000000000
CapPrm:\t0000000000000000
CapEff:\t0000000000000000
CapBnd:\t0000000000000000
CapAmb:\t0000000000000000
NoNewPrivs:\t1
Seccomp:\t2
mount:/ overlay,ro,relatime,lowerdir=/a:/b
mount:/tmp tmpfs,rw,nosuid,nodev,relatime,size=262144k
mount:/home/agent tmpfs,rw,nosuid,nodev,relatime,size=262144k,mode=755,uid=1000,gid=1000
mount:/run/longhand tmpfs,rw,nosuid,nodev,relatime,size=98304k,mode=755,uid=1000,gid=1000
mount:/workspace ext4,rw,relatime
mount:/dev/shm tmpfs,rw,nosuid,nodev,noexec,relatime,size=65536k
interface:lo 0x9
ulimit:nofile 4096
ulimit:fsize 10737418240
ulimit:core 0
writable:/workspace -
`
const v1 = `${common}cgroup:memory/memory.limit_in_bytes 2147483648
cgroup:memory/memory.memsw.limit_in_bytes 2147483648
cgroup:pids/pids.max 512
cgroup:cpu/cpu.cfs_quota_us 200000
SwapTotal:        1048576 kB
`
const v2 = `${common}cgroup:memory.max 2147483648
cgroup:memory.swap.max 0
cgroup:pids.max 512
cgroup:cpu.max 200000 100000
SwapTotal:        1048576 kB
`

describe('the hardening of a sandbox', () => {
  test.each([
    ['control groups v1', v1],
    ['control groups v2', v2],
    ['tunnels of the kernel that are down', `${v1}interface:tunl0 0x80\ninterface:sit0 0x80\n`],
    ['a host without swap and without its accounting', v1.replace(/.*memsw.*\n/, '').replace('1048576', '0')],
  ])('is in force as seen with %s', (_, report) => {
    expect(findWeaknesses(report, defaultLimits)).toEqual([])
  })

  test.each([
    ['root', v1.replace('Uid:\t1000\t1000', 'Uid:\t1000\t0'), 'the user is'],
    ['another group', v1.replace('Gid:\t1000', 'Gid:\t0'), 'the group is'],
    ['a capability', v1.replace('CapBnd:\t0000000000000000', 'CapBnd:\t00000000a80425fb'), 'there are capabilities'],
    ['new privileges', v1.replace('NoNewPrivs:\t1', 'NoNewPrivs:\t0'), 'new privileges'],
    ['no filter', v1.replace('Seccomp:\t2', 'Seccomp:\t0'), 'no seccomp filter'],
    ['a writable root', v1.replace('overlay,ro,', 'overlay,rw,'), 'the root file system is writable'],
    ['a /workspace of somebody else', v1.replace('writable:/workspace -\n', ''), 'cannot write to /workspace'],
    ['a /tmp on the disk', v1.replace('mount:/tmp tmpfs', 'mount:/tmp ext4'), '/tmp is not a tmpfs of 268435456 bytes'],
    ['a larger home', v1.replace(/(agent.*size=)262144k/, '$1524288k'), '/home/agent is not a tmpfs'],
    ['a network', `${v1}interface:eth0 0x1003\n`, 'there is a network'],
    ['an interface that does not tell', `${v1}interface:eth0 -\n`, 'there is a network'],
    ['a door that nobody opens', `${v1}egress:silent -\n`, 'the image has to hold perl'],
    ['no report of the network', v1.replace('interface:lo 0x9\n', ''), 'there is a network'],
    ['a larger /dev/shm', v1.replace('size=65536k', 'size=1024000k'), '/dev/shm is not a tmpfs of 67108864 bytes'],
    ['files of any size', v1.replace('fsize 10737418240', 'fsize unlimited'), 'the size of a file'],
    ['unlimited memory', v1.replace('bytes 2147483648', 'bytes 9223372036854771712'), 'the memory is not limited'],
    ['no memory controller', v2.replace(/.*memory\.max.*\n/, ''), 'the memory is not limited'],
    ['swap', v2.replace('swap.max 0', 'swap.max max'), 'swap is not limited'],
    ['swap that nobody accounts for', v1.replace(/.*memsw.*\n/, ''), 'swap is not limited'],
    ['any number of processes', v2.replace('pids.max 512', 'pids.max max'), 'the number of processes'],
    ['all processors', v1.replace('quota_us 200000', 'quota_us -1'), 'the processors are not limited'],
    ['all processors, in v2', v2.replace('cpu.max 200000', 'cpu.max max'), 'the processors are not limited'],
    ['many files', v1.replace('nofile 4096', 'nofile 1048576'), 'open files'],
    ['core files', v1.replace('core 0', 'core unlimited'), 'core files'],
  ])('is missed with %s', (_, report, weakness) => {
    expect(findWeaknesses(report, defaultLimits)).toEqual([expect.stringContaining(weakness)])
  })

  test('is looked for as far as it shows under a runtime with a kernel of its own', () => {
    const report = v1
      .replace('Seccomp:\t2', 'Seccomp:\t0')
      .replace(/cgroup:.*\n/g, '')
      .replace(/mount:\/(tmp|dev).*\n/g, '')
    expect(findWeaknesses(report, defaultLimits, 'runsc')).toEqual([])
    expect(findWeaknesses(report, defaultLimits, 'runc').length).toBeGreaterThan(4)
    expect(findWeaknesses(`${report}interface:eth0 0x1003\n`, defaultLimits, 'kata')).toEqual(['there is a network'])
  })

  test('is missed altogether in a report that says nothing', () => {
    expect(findWeaknesses('', defaultLimits).length).toBeGreaterThan(10)
  })
})
