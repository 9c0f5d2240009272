import type { RepositoryResource } from '../wire/resources.ts'
import type { CloudConfig, Networking, RepositoryErrorType } from '../wire/types.ts'

/** The hand that every session has. */
export const MAIN = 'main'

/** A file of the user as a sandbox is to have it. */
export interface Supply {
  /** Id of the session's resource (`sesrsc_…`). */
  readonly resource: string
  /** Id of the file that has its bytes (`file_…`), of the session's own workspace. */
  readonly file: string
  /** Absolute, below `/mnt/session/uploads`. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Of the bytes, hexadecimal. */
  readonly sha256: string
}

/** A repository as a sandbox is to have it. Who may read it is not said here, nor anywhere inside. */
export interface RecipeRepository {
  /** Id of the session's resource (`sesrsc_…`). */
  readonly resource: string
  /** As the client wrote it: `https://github.com/<owner>/<repo>`. */
  readonly url: string
  /** Absolute, below `/workspace`. */
  readonly path: string
  readonly checkout: Checkout | null
}

export type Checkout = NonNullable<RepositoryResource['checkout']>

/** A repository that could not be had. */
export interface RepositoryFault {
  /** Id of the session's resource. */
  readonly resource: string
  readonly url: string
  readonly type: RepositoryErrorType
  /** At most 300 characters, for the client and the model to read. */
  readonly message: string
}

/** What a sandbox is made of, whichever generation it is: the log and what it names say all of it. */
export interface Recipe {
  /** Digest of the image that the sandbox before was made of: while it is there, the next one is made of the same. */
  readonly image?: string
  /** Absent in sessions from before it was kept. */
  readonly networking?: Networking
  /** Absent: none. */
  readonly packages?: CloudConfig['packages']
  /** The container runtime asked for; absent: the provider's own. */
  readonly runtime?: string
  readonly files: readonly Supply[]
  readonly repositories: readonly RecipeRepository[]
  /** How often the session's resources had changed when this was read: what is mounted is as new as this number. */
  readonly supplies: number
}

/** What an environment asks of its sandboxes: all of a recipe that nothing else in the log says. */
export type Surroundings = Pick<Recipe, 'networking' | 'packages' | 'runtime'>

/** Bytes of JSON. What is longer stays in the configuration that the log names. */
const MOST_SURROUNDINGS = 8 * 1024

/** Those of a recipe as the log keeps them; absent where there are none, and where they are too long. */
export function surroundingsOf({ networking, packages, runtime }: Recipe): { readonly surroundings?: Surroundings } {
  const surroundings = {
    ...(networking ? { networking } : {}),
    ...(packages ? { packages } : {}),
    ...(runtime === undefined ? {} : { runtime }),
  }
  const isKept = Object.keys(surroundings).length > 0
  return isKept && Buffer.byteLength(JSON.stringify(surroundings)) <= MOST_SURROUNDINGS ? { surroundings } : {}
}

/**
 * The name of a hand's place on its host, of which a container, a folder and a door are named. Ids of sessions hold no
 * `-`, so no two places share one; the main hand's is the session's id.
 */
export function placeName({ sessionId, hand = MAIN }: { readonly sessionId: string; readonly hand?: string }): string {
  return hand === MAIN ? sessionId : `${sessionId}-${hand}`
}

/** What a recipe asks for cannot be had, however often it is tried: told to the model, never retried. */
export class RecipeFailed extends Error {
  override readonly name = 'RecipeFailed'
}
