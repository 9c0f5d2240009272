/** Whose processes a local sandbox is made of, as the host sees them; empty for those of the caller. */
export interface Account {
  readonly uid?: number
  readonly gid?: number
}

/**
 * Under root, sandboxes belong to a number that no user has: not even a break out of the namespaces would meet a file
 * or a process of somebody. Needs no entry in /etc/passwd.
 */
const strangerId = 65_533

/** The account for sandboxes of this process. */
export function sandboxAccount(): Account {
  return process.getuid?.() === 0 ? { uid: strangerId, gid: strangerId } : {}
}
