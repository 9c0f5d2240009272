/** What a doctor looks at from inside. */
export interface Probe {
  readonly name: string
  readonly wanted: string
  /** Prints nothing when it is in order, or a line that begins with `not tried`. */
  readonly command: string
  /** Its processes may be ended over it, for want of memory. */
  readonly mayBeEnded?: true
  /** Where another one than the doctor's own is needed. */
  readonly remedy?: string
}

/** Looks from inside for the pipes that a resident, and no other runner, has beside the calls. Says nothing when all is well. */
export const residentProbe: Probe = {
  name: 'resident',
  wanted: 'calls are served by a process that stays',
  command: `ls /run/longhand | grep -q '^pipes' || echo 'every call starts a process of its own'`,
  remedy: 'Calls work, and each takes longer by the start of a process: look whether sh stays when its stdin is open.',
}
