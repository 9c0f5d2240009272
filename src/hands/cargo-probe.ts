import type { Probe } from './resident-probe.ts'

/** Looks from inside at the folders of uploads and outputs, and for the programs that fill and empty a sandbox. */
export const cargoProbe: Probe = {
  name: 'cargo',
  wanted: 'uploads are read-only, outputs are writable, tar and find are GNU’s',
  command: `cd /mnt/session || exit
    ! touch uploads/probe 2>/dev/null || echo 'uploads can be written to'
    { touch outputs/probe && rm outputs/probe; } || echo 'outputs cannot be written to'
    for p in tar find; do $p --version 2>&1 | grep -q GNU || echo "$p is another or none"; done`,
  remedy:
    'Files cannot be mounted, and workspaces not be copied: put GNU tar and findutils into the image, or on this machine.',
}
