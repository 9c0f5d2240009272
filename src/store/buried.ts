/** A write for a session that was deleted. The delete won: repeating the write cannot help, and nothing was stored. */
export class SessionBuried extends Error {
  override readonly name = 'SessionBuried'
  readonly sessionId: string

  constructor(sessionId: string, options?: ErrorOptions) {
    super(`session ${sessionId} was deleted: nothing more is stored for it`, options)
    this.sessionId = sessionId
  }
}

/** A session that was to be stored while its environment was deleted. The delete won, and nothing was stored. */
export class EnvironmentGone extends Error {
  override readonly name = 'EnvironmentGone'
  readonly environmentId: string

  constructor(environmentId: string, options?: ErrorOptions) {
    super(`there is no environment ${environmentId}`, options)
    this.environmentId = environmentId
  }
}

/** A run that the archive has no place for, however often it is brought. Nothing was stored. */
export class RunRefused extends Error {
  override readonly name = 'RunRefused'
}
