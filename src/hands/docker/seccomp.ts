/**
 * What a process in a sandbox may ask the kernel for: system calls that programs as git, python, node, compilers and
 * shells make, by purpose. Whatever is not named fails with EPERM, above all: mounts and new namespaces, io_uring, bpf,
 * keys, userfaultfd, perf events, handles of files, tracing, other processes' memory, modules, kexec, the clock. Names
 * that a kernel or a processor does not know are passed over by the runtime.
 */
export const allowedCalls: Readonly<Record<string, string>> = {
  files: `open openat openat2 creat close close_range read write readv writev pread64 pwrite64 preadv pwritev preadv2
    pwritev2 lseek stat fstat lstat newfstatat statx access faccessat faccessat2 truncate ftruncate fallocate fadvise64
    readahead fsync fdatasync sync syncfs sync_file_range sendfile copy_file_range splice tee vmsplice umask flock fcntl
    dup dup2 dup3 pipe pipe2 ioctl statfs fstatfs ustat memfd_create cachestat`,
  names: `getdents getdents64 getcwd chdir fchdir rename renameat renameat2 link linkat symlink symlinkat unlink unlinkat
    readlink readlinkat mkdir mkdirat rmdir mknod mknodat chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat
    utime utimes utimensat futimesat getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr setxattr lsetxattr
    fsetxattr removexattr lremovexattr fremovexattr`,
  watching: `poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2
    epoll_ctl_old epoll_wait_old eventfd eventfd2 signalfd signalfd4 timerfd_create timerfd_settime timerfd_gettime
    inotify_init inotify_init1 inotify_add_watch inotify_rm_watch io_setup io_submit io_getevents io_pgetevents io_cancel
    io_destroy`,
  memory: `brk mmap munmap mprotect mremap madvise mincore msync mlock mlock2 munlock mlockall munlockall
    remap_file_pages membarrier pkey_alloc pkey_free pkey_mprotect mseal map_shadow_stack`,
  processes: `fork vfork execve execveat exit exit_group wait4 waitid getpid getppid gettid getpgid setpgid getpgrp getsid
    setsid set_tid_address kill tkill tgkill pidfd_open pidfd_send_signal prctl arch_prctl rseq set_robust_list
    get_robust_list futex futex_waitv futex_wait futex_wake futex_requeue restart_syscall seccomp landlock_create_ruleset
    landlock_add_rule landlock_restrict_self`,
  signals: `rt_sigaction rt_sigprocmask rt_sigpending rt_sigtimedwait rt_sigqueueinfo rt_tgsigqueueinfo rt_sigreturn
    rt_sigsuspend sigaltstack pause alarm getitimer setitimer`,
  accounts: `getuid geteuid getgid getegid getresuid getresgid getgroups setuid setgid setreuid setregid setresuid
    setresgid setfsuid setfsgid setgroups capget capset`,
  scheduling: `sched_yield sched_getaffinity sched_setaffinity sched_getparam sched_setparam sched_getscheduler
    sched_setscheduler sched_getattr sched_setattr sched_get_priority_max sched_get_priority_min sched_rr_get_interval
    getpriority setpriority ioprio_get ioprio_set getcpu getrlimit setrlimit prlimit64 getrusage times`,
  time: `time gettimeofday clock_gettime clock_getres clock_nanosleep nanosleep adjtimex timer_create timer_settime
    timer_gettime timer_getoverrun timer_delete`,
  system: 'uname sysinfo getrandom',
  messages: `msgget msgsnd msgrcv msgctl semget semop semtimedop semctl shmget shmat shmdt shmctl mq_open mq_unlink
    mq_timedsend mq_timedreceive mq_notify mq_getsetattr`,
  sockets: `socketpair bind listen accept accept4 connect getsockname getpeername getsockopt setsockopt sendto sendmsg
    sendmmsg recvfrom recvmsg recvmmsg shutdown`,
}

/** AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: above all neither AF_VSOCK (40) nor AF_ALG (38), which no namespace confines. */
const socketFamilies = [1, 2, 10, 16]
/** PER_LINUX, without and with ADDR_NO_RANDOMIZE, and the question which one is set. */
const personalities = [0x0, 0x40000, 0xffffffff]
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET: threads and processes, but no namespaces. */
const newNamespaces = 0x7e020000
const EPERM = 1
const ENOSYS = 38

/** The filter in the format that the daemon takes. */
export function seccompProfile(): object {
  const allow = 'SCMP_ACT_ALLOW'
  const oneOf = (name: string, values: readonly number[]) =>
    values.map((value) => ({ names: [name], action: allow, args: [{ index: 0, value, op: 'SCMP_CMP_EQ' }] }))
  const masked = { index: 0, value: newNamespaces, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: EPERM,
    // Without the 32-bit calls of either processor: what is refused here could be asked for by another number there.
    archMap: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_AARCH64'].map((architecture) => ({ architecture, subArchitectures: [] })),
    syscalls: [
      { names: Object.values(allowedCalls).flatMap((names) => names.split(/\s+/)), action: allow },
      { names: ['clone'], action: allow, args: [masked] },
      // Its flags are out of a filter's sight. Told that the kernel has none, libraries take `clone`.
      { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS },
      ...oneOf('socket', socketFamilies),
      ...oneOf('personality', personalities),
    ],
  }
}
