import { setTimeout as sleep } from 'node:timers/promises'
import type { Notification, QueryConfig } from 'pg'
import { Client, escapeIdentifier } from 'pg'
import type { Logger } from 'pino'

/** Carries the id of a session that was just deleted: whoever streams it ends the stream. */
export const deletedChannel = 'longhand_deleted'

/**
 * Short messages between processes. A hint, not a log: what is published while a subscriber's connection is down never
 * reaches it, so every subscriber has another way to learn the same in the end.
 */
export interface Notifier extends AsyncDisposable {
  /** At most 7,999 bytes. Rejects while there is no connection; a message is never kept for later. */
  publish(channel: string, payload: string): Promise<void>
  /**
   * Calls `handler`, which must not throw, with the payload of every message on the channel, own ones included.
   * Listening when it resolves (as soon as there is a connection again, if there is none); answers how to stop.
   */
  subscribe(channel: string, handler: (payload: string) => void): Promise<() => void>
}

const retryDelaysMs = [50, 200, 1_000]
const slowestRetryMs = 2_000

export interface NotifierOptions {
  /** PostgreSQL settings of the connection, by name. */
  readonly settings?: Readonly<Record<string, string>>
}

/** Connects once for publishing and listening, and again whenever that connection breaks, until it is disposed of. */
export async function createNotifier(url: string, log: Logger, options: NotifierOptions = {}): Promise<Notifier> {
  const notifier = new PostgresNotifier(url, log, options.settings ?? {})
  await notifier.connect()
  return notifier
}

class PostgresNotifier implements Notifier {
  readonly #url: string
  readonly #log: Logger
  readonly #settings: Readonly<Record<string, string>>
  readonly #handlers = new Map<string, Set<(payload: string) => void>>()
  readonly #closing = new AbortController()
  #client: Client | null = null
  #queue: Promise<unknown> = Promise.resolve()
  #reconnecting: Promise<void> = Promise.resolve()

  constructor(url: string, log: Logger, settings: Readonly<Record<string, string>>) {
    this.#url = url
    this.#log = log
    this.#settings = settings
  }

  async connect(): Promise<void> {
    const client = new Client({
      connectionString: this.#url,
      application_name: 'longhand notify',
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    })
    client.on('error', (error) => this.#log.warn({ err: error }, 'the notification connection broke'))
    client.on('notification', (message) => this.#deliver(message))
    client.on('end', () => this.#lose(client))
    try {
      await client.connect()
      for (const [name, value] of Object.entries(this.#settings))
        await this.#query(client, { text: 'select set_config($1, $2, false)', values: [name, value] })
      // A channel subscribed to during one of these steps joins the map and is visited too.
      for (const channel of this.#handlers.keys()) await this.#query(client, { text: listenTo(channel) })
    } catch (error) {
      await client.end()
      throw error
    }
    this.#client = client
  }

  async publish(channel: string, payload: string): Promise<void> {
    if (this.#client === null)
      throw new Error(`expected a connection to publish on ${channel}, but it broke and is not back yet`)
    await this.#query(this.#client, {
      // Named, so that it is parsed once for each connection.
      name: 'notify',
      text: 'select pg_notify($1, $2)',
      values: [channel, payload],
    })
  }

  async subscribe(channel: string, handler: (payload: string) => void): Promise<() => void> {
    const handlers = this.#handlers.get(channel) ?? new Set()
    this.#handlers.set(channel, handlers.add(handler))
    try {
      if (this.#client !== null) await this.#query(this.#client, { text: listenTo(channel) })
    } catch (error) {
      handlers.delete(handler)
      throw error
    }
    return () => handlers.delete(handler)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await this.#reconnecting
    await this.#client?.end()
  }

  /** One query after the other, as the driver demands of a single connection. */
  #query(client: Client, query: QueryConfig): Promise<unknown> {
    const answered = this.#queue.then(() => client.query(query))
    this.#queue = answered.catch(() => undefined)
    return answered
  }

  #deliver({ channel, payload }: Notification): void {
    for (const handler of this.#handlers.get(channel) ?? []) handler(payload ?? '')
  }

  #lose(client: Client): void {
    if (this.#client !== client) return
    this.#client = null
    if (!this.#closing.signal.aborted) this.#reconnecting = this.#reconnect()
  }

  async #reconnect(): Promise<void> {
    const { signal } = this.#closing
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        await sleep(retryDelaysMs[attempt] ?? slowestRetryMs, undefined, { signal })
        await this.connect()
        return
      } catch (error) {
        if (!signal.aborted) this.#log.warn({ err: error, attempt }, 'the notification connection is not back yet')
      }
    }
  }
}

function listenTo(channel: string): string {
  return `listen ${escapeIdentifier(channel)}`
}
