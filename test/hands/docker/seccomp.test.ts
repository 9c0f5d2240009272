import { describe, expect, test } from 'vitest'
import { allowedCalls, seccompProfile } from '../../../src/hands/docker/seccomp.ts'

interface Rule {
  readonly names: readonly string[]
  readonly action: string
  readonly args?: readonly { readonly value: number; readonly valueTwo?: number; readonly op: string }[]
  readonly errnoRet?: number
}

// As it travels to the daemon.
const profile = JSON.parse(JSON.stringify(seccompProfile())) as {
  readonly defaultAction: string
  readonly syscalls: readonly Rule[]
}
const names = Object.values(allowedCalls).flatMap((text) => text.split(/\s+/))
const rulesFor = (name: string) => profile.syscalls.filter((rule) => rule.names.includes(name))

const forbidden = `mount umount2 pivot_root move_mount open_tree fsopen fsmount mount_setattr chroot unshare setns bpf
  keyctl add_key request_key userfaultfd perf_event_open ptrace process_vm_readv process_vm_writev
  pidfd_getfd kcmp open_by_handle_at name_to_handle_at io_uring_setup io_uring_enter io_uring_register
  kexec_load kexec_file_load reboot swapon init_module finit_module delete_module syslog settimeofday
  clock_settime sethostname iopl ioperm modify_ldt quotactl acct lookup_dcookie vhangup fanotify_init
  socketcall`.split(/\s+/)

describe('the seccomp profile', () => {
  test('refuses what it does not name', () => {
    expect(profile.defaultAction).toBe('SCMP_ACT_ERRNO')
  })

  test('names every call once', () => {
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
    for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9_]+$/)
  })

  test.each(forbidden)('has no rule for %s', (name) => {
    expect(rulesFor(name)).toEqual([])
  })

  test.each([0x20000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000])(
    'lets clone make processes, but with the namespace flag 0x%s none',
    (flag) => {
      const [{ args: [mask] = [], action } = { args: [], action: '' }, ...others] = rulesFor('clone')
      expect([action, mask?.op, mask?.valueTwo, others]).toEqual(['SCMP_ACT_ALLOW', 'SCMP_CMP_MASKED_EQ', 0, []])
      // CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD, as of a thread.
      expect((mask?.value ?? 0) & 0x10f00).toBe(0)
      expect((mask?.value ?? 0) & flag).toBe(flag)
    },
  )

  test('denies that the kernel has clone3, whose flags no filter sees', () => {
    expect(rulesFor('clone3')).toEqual([{ names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 }])
  })

  test.each([
    ['AF_UNIX', 1, true],
    ['AF_INET', 2, true],
    ['AF_INET6', 10, true],
    ['AF_NETLINK', 16, true],
    ['AF_PACKET', 17, false],
    ['AF_ALG', 38, false],
    ['AF_VSOCK', 40, false],
  ])('of socket: %s (%i) is %s', (_, family, isAllowed) => {
    const families = rulesFor('socket').map(({ args = [] }) => args.map(({ op, value }) => [op, value]))
    expect(families.some(([only]) => only?.[1] === family)).toBe(isAllowed)
    for (const rule of families) expect(rule).toEqual([['SCMP_CMP_EQ', expect.any(Number)]])
  })
})
