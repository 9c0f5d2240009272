/** What keeps something is there and does not do it: a disk that is full, broken or not mounted. Told without paths. */
export class StoreAway extends Error {
  override readonly name = 'StoreAway'
}

/** Nobody answers at the address, or the connection broke. */
const NETWORK = /^(?:ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/
/**
 * What PostgreSQL says while it goes or comes (57P), of connections (08), of means that it has run out of (53), of its own
 * disks (58), of a standby that nobody has promoted yet (25006), and of a statement that took too long (57014).
 */
const POSTGRES = /^(?:57P0\d|57014|08\w{3}|53\w{3}|58\w{3}|25006)$/
/** What the driver says without a code. */
const DRIVER = /Connection terminated|timeout exceeded when trying to connect/

/** Whether PostgreSQL or the blobs are away, or as good as away, so that the same may well succeed later. */
export function isStoreAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof StoreAway || DRIVER.test(error.message)) return true
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return NETWORK.test(code) || POSTGRES.test(code)
}
