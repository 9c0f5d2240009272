/** A write for a session that was deleted. The delete won: repeating the write cannot help, and nothing was stored. */
export class SessionBuried extends Error {
  override readonly name = 'SessionBuried'
  readonly sessionId: string

  constructor(sessionId: string, options?: ErrorOptions) {
    super(`session ${sessionId} was deleted: nothing more is stored for it`, options)
    this.sessionId = sessionId
  }
}
