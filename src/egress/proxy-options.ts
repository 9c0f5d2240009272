import type { Authority } from './authority.ts'
import type { Credential } from './credential.ts'
import type { Dial } from './dial.ts'
import type { Policy } from './policy.ts'
import type { Refusal } from './refusal.ts'
import type { RepositoryRoute } from './repository-route.ts'
import type { UpstreamOptions } from './upstream.ts'

/** What one sandbox may do. Asked for with every request: it may change while the sandbox lives. */
export interface Permit {
  readonly policy: Policy
  readonly credentials: readonly Credential[]
  /** Absent: none. */
  readonly repositories?: readonly RepositoryRoute[]
  /** Certificates, in PEM, that the sandbox is to trust beside the system's. Absent: none. */
  readonly authorities?: string
}

export interface ProxyOptions extends UpstreamOptions {
  readonly permit: () => Permit
  /** Whose certificates the sandbox trusts; made when it is first needed. */
  readonly authority: () => Authority
  /** For the head of a request; default 15 s. */
  readonly patienceMs?: number
  /** To the operator's own repositories; default: wherever they are. */
  readonly dialAny?: Dial
  /** Of a repository's server, before it counts as gone; default 120 s. */
  readonly silenceMs?: number
  readonly onRefusal?: (target: string, refusal: Refusal) => void
}
