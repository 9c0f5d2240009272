/** Exit codes, so that scripts can tell how a command ended. */
export const EXIT = {
  done: 0,
  /** The session ended with an error, or a claim of the demo does not hold. */
  failed: 1,
  usage: 2,
  /** The session waits for a person. */
  waits: 3,
  /** Something that was named does not exist. */
  missing: 4,
  /** The server, or something that it needs to start, is not there. */
  unreachable: 5,
  /** Ctrl+C; the session goes on. */
  interrupted: 130,
} as const
