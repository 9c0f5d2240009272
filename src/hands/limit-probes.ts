import type { Probe } from './resident-probe.ts'

export interface ProbedLimits {
  /** Of the whole sandbox. */
  readonly processes: number
  /** Bytes that one process cannot have. */
  readonly memory: number
}

/** Tries from inside whether the limits hold. For a moment that takes as much of the machine as a sandbox may have. */
export function limitProbes({ processes, memory }: ProbedLimits): readonly Probe[] {
  return [
    {
      name: 'processes',
      wanted: `no more than ${processes} can be started`,
      command: `perl -e 'for (1 .. ${processes}) {
        my $pid = fork;
        if (!defined $pid) { kill 9, @started; exit }
        if (!$pid) { sleep 20; exit }
        push @started, $pid;
      }
      kill 9, @started; print "${processes} more were started"'`,
    },
    {
      name: 'memory',
      wanted: `a process that takes ${memory / 1024 ** 2} MiB is ended, and the sandbox lives`,
      command: `perl -e 'my $size = ${memory}; my $taken = "x" x $size; print "it has them"' 2>/dev/null; true`,
      mayBeEnded: true,
    },
  ]
}
