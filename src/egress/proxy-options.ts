import type { Authority } from './authority.ts'
import type { Credential } from './credential.ts'
import type { Policy } from './policy.ts'
import type { Refusal } from './refusal.ts'
import type { UpstreamOptions } from './upstream.ts'

/** What one sandbox may do. Asked for with every request: it may change while the sandbox lives. */
export interface Permit {
  readonly policy: Policy
  readonly credentials: readonly Credential[]
}

export interface ProxyOptions extends UpstreamOptions {
  readonly permit: () => Permit
  /** Whose certificates the sandbox trusts; made when it is first needed. */
  readonly authority: () => Authority
  /** For the head of a request; default 15 s. */
  readonly patienceMs?: number
  readonly onRefusal?: (target: string, refusal: Refusal) => void
}
