import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** The way of sandboxes to the network, by doors that the host keeps for them. */
export interface Doors {
  /**
   * Opens the door of one sandbox, for what its session may reach, and answers the folder to mount at {@link doorway}:
   * it holds a socket of the proxy and the program that forwards to it. Idempotent. Rejects with `HandsUnavailable`.
   */
  open(name: string, sessionId: string): Promise<string>
  /** Ends what goes through the door and removes the folder. One that is closed already is success. */
  close(name: string): Promise<void>
}

/** Where a sandbox finds its door. */
export const doorway = '/run/egress'
/** What process 1 runs beside it: it ends when the file that its argument names is gone. */
export const forwarder = `perl ${doorway}/forward.pl`
/** Answers whether the forwarder takes connections: a listening socket on port 3128 of loopback. */
export const isForwarding = `grep -q '0100007F:0C38 00000000:0000 0A' /proc/net/tcp`

/** Where a sandbox's programs find the forwarder. */
export const proxy = 'http://127.0.0.1:3128'
const direct = 'localhost,127.0.0.1,::1'
const proxies = {
  HTTP_PROXY: proxy,
  http_proxy: proxy,
  HTTPS_PROXY: proxy,
  https_proxy: proxy,
  NO_PROXY: direct,
  no_proxy: direct,
  // Without it Node's own clients ask nobody's proxy.
  NODE_USE_ENV_PROXY: '1',
}
/** The system's authorities and the door's own, in one file that `trust` makes; Node adds to the ones that it has. */
export const bundle = '/run/longhand/authorities.pem'
const bundles = {
  SSL_CERT_FILE: bundle,
  CURL_CA_BUNDLE: bundle,
  REQUESTS_CA_BUNDLE: bundle,
  GIT_SSL_CAINFO: bundle,
  PIP_CERT: bundle,
  AWS_CA_BUNDLE: bundle,
  NODE_EXTRA_CA_CERTS: `${doorway}/ca.pem`,
}
/** A command that makes the bundle where the door has an authority: for a credential, or the operator's. */
export const trust =
  `[ ! -e ${doorway}/ca.pem ] || ` +
  `cat /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt ${doorway}/ca.pem > ${bundle} 2>/dev/null`

/** Variables of the processes in a sandbox with this door; none without. */
export function doorVariables(folder: string | null): Readonly<Record<string, string>> {
  if (folder === null) return {}
  const has = (file: string) => existsSync(join(folder, file))
  return {
    ...proxies,
    // There is nobody to be asked.
    GIT_TERMINAL_PROMPT: '0',
    ...(has('gitconfig') && { GIT_CONFIG_SYSTEM: `${doorway}/gitconfig` }),
    ...(has('ca.pem') && bundles),
  }
}
