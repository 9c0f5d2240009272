import type { Offer } from '../wire/offers.ts'
/** What a host can make sandboxes of. */
export interface HostOffer extends Offer {
  readonly host: string
  /** Value of `SandboxRow.provider`. */
  readonly provider: string
}

/** Which hosts take calls. Times are the database's own. */
export interface HostRegistry {
  /** Says that these hosts take calls now. */
  beat(offers: readonly HostOffer[]): Promise<void>
  /**
   * `silent`: not heard of for 15 s, or never. `unknown` when whoever asks has not been heard himself without a gap: then
   * every beat is old, and nothing follows from that.
   */
  look(host: string): Promise<'beating' | 'silent' | 'unknown'>
  /** Of the hosts that beat. */
  offers(): Promise<readonly HostOffer[]>
}
