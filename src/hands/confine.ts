/** Of local, IPv4, IPv6 and netlink sockets. Of the others AF_VSOCK leads to the hypervisor, and AF_ALG to old code. */
const families = [1, 2, 10, 16]
const ioUring = [425, 426, 427]
/** Numbers of system calls from here on are those of x32. */
const x32 = 0x40000000

const processors: Readonly<Record<string, Processor>> = {
  x64: { audit: 0xc000003e, socket: 41, prctl: 157 },
  arm64: { audit: 0xc00000b7, socket: 198, prctl: 167 },
}

interface Processor {
  /** What the kernel calls it (AUDIT_ARCH). */
  readonly audit: number
  readonly socket: number
  readonly prctl: number
}

const offsets = { number: 0, architecture: 4, argument: 16 }
const operations = { load: 0x20, isEqual: 0x15, isAtLeast: 0x35, answer: 0x06 }
const answers = { refuse: 0x00050001, allow: 0x7fff0000 }

type Place = 'next' | 'refuse' | 'allow'
type Step = readonly [operation: keyof typeof operations, value: number, yes?: Place, no?: Place]

const install = `my ($prctl, $hex) = splice @ARGV, 0, 2;
my $filter = pack 'H*', $hex;
syscall($prctl + 0, 22, 2, pack('S x6 P', length($filter) / 8, $filter)) == 0 or die "no filter: $!\\n";
exec { $ARGV[0] } @ARGV or die "$ARGV[0]: $!\\n";`

/**
 * What a command is preceded by so that it, and all it starts, can ask the kernel for nothing that no namespace confines:
 * sockets of other families, io_uring, and calls in the 32-bit numbering, where all of this has other numbers. Each
 * fails with EPERM. Needs `no_new_privs`; empty on processors whose numbers are not known here.
 */
export function confine(architecture: string = process.arch): readonly string[] {
  const processor = processors[architecture]
  return processor === undefined ? [] : ['perl', '-e', install, '--', String(processor.prctl), assemble(processor)]
}

/** A filter in the kernel's classic BPF, in hexadecimal. */
function assemble({ audit, socket }: Processor): string {
  const steps: readonly Step[] = [
    ['load', offsets.architecture],
    ['isEqual', audit, 'next', 'refuse'],
    ['load', offsets.number],
    ['isAtLeast', x32, 'refuse', 'next'],
    ...ioUring.map((call): Step => ['isEqual', call, 'refuse', 'next']),
    ['isEqual', socket, 'next', 'allow'],
    ['load', offsets.argument],
    ...families.map((family): Step => ['isEqual', family, 'allow', 'next']),
    ['answer', answers.refuse],
    ['answer', answers.allow],
  ]
  const code = Buffer.alloc(steps.length * 8)
  for (const [at, [operation, value, yes = 'next', no = 'next']] of steps.entries()) {
    // A jump says how many steps it passes over.
    const distances = { next: 0, refuse: steps.length - 3 - at, allow: steps.length - 2 - at }
    code.writeUInt16LE(operations[operation], at * 8)
    code.writeUInt8(distances[yes], at * 8 + 2)
    code.writeUInt8(distances[no], at * 8 + 3)
    code.writeUInt32LE(value, at * 8 + 4)
  }
  return code.toString('hex')
}
