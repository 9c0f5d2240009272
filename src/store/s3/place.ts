/** A bucket, and what the names of everything in it begin with: empty, or ending in `/`. */
export interface BucketPlace {
  readonly bucket: string
  readonly prefix: string
  /** Of a server that is not AWS's. */
  readonly endpoint?: string
  /** Default: what the SDK finds in its own variables and files. */
  readonly region?: string
  /** Whether the bucket stands in the path and not in the name of the host, as most servers of one's own want it. */
  readonly pathStyle: boolean
}

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
const PREFIX = /^(?:[\w.-]+\/)*$/
const KNOWN = new Set(['endpoint', 'region', 'path_style'])

/**
 * Reads `s3://bucket/prefix?endpoint=…&region=…&path_style=true`. Undefined for anything else: an unknown part is a typo,
 * and keys of access have no place in it.
 */
export function readBucketPlace(text: string): BucketPlace | undefined {
  if (!text.startsWith('s3://') || !URL.canParse(text)) return undefined
  const { hostname: bucket, pathname, searchParams, username, password, port, hash } = new URL(text)
  if (username || password || port || hash || !BUCKET.test(bucket)) return undefined
  const prefix = pathname.slice(1).replace(/(?<=[^/])$/, '/')
  if (!PREFIX.test(prefix) || /(?:^|\/)\.{1,2}\//.test(prefix)) return undefined
  if ([...searchParams.keys()].some((name) => !KNOWN.has(name))) return undefined
  const endpoint = searchParams.get('endpoint')
  const region = searchParams.get('region')
  const pathStyle = searchParams.get('path_style') ?? 'false'
  if (pathStyle !== 'true' && pathStyle !== 'false') return undefined
  if (endpoint !== null && !isEndpoint(endpoint)) return undefined
  return {
    bucket,
    prefix,
    ...(endpoint !== null && { endpoint }),
    ...(region !== null && { region }),
    pathStyle: pathStyle === 'true',
  }
}

function isEndpoint(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password, pathname, search, hash } = new URL(text)
  return /^https?:$/.test(protocol) && pathname === '/' && ![username, password, search, hash].some(Boolean)
}
