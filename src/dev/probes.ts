import { Connection } from '@temporalio/client'
import { Client } from 'pg'
import type { TemporalSettings } from './dev-options.ts'
import { StartError } from './start-error.ts'

const timeoutMs = 5_000

export interface TemporalProbe {
  readonly address: string
  /** How long the namespace keeps the histories of closed runs, seconds. */
  readonly retention: number
}

/** Resolves when a Temporal cluster answers and has the namespace; else `StartError`. */
export async function probeTemporal({ connection: options, namespace }: TemporalSettings): Promise<TemporalProbe> {
  const address = options.address ?? '127.0.0.1:7233'
  try {
    const { tls, apiKey, metadata } = options
    const connection = await Connection.connect({
      address,
      connectTimeout: timeoutMs,
      ...(tls !== undefined && { tls }),
      ...(apiKey !== undefined && { apiKey }),
      ...(metadata !== undefined && { metadata }),
    })
    try {
      const { config } = await connection.withDeadline(Date.now() + timeoutMs, () =>
        connection.workflowService.describeNamespace({ namespace }),
      )
      return { address, retention: Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) }
    } finally {
      await connection.close()
    }
  } catch (cause) {
    const message = `Temporal at ${address} does not answer for the namespace ${namespace}`
    throw new StartError(
      message,
      'Start it or correct TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE; unset, dev runs its own.',
      { cause },
    )
  }
}

/** Resolves when the database answers to its URL; else `StartError`, without the password. */
export async function probePostgres(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: timeoutMs })
  // The failed query tells what a broken connection would.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('select 1')
  } catch (cause) {
    const { host } = new URL(url)
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new StartError(
      `Postgres at ${host} does not answer: ${reason}`,
      'Start it or correct DATABASE_URL; unset, dev runs its own.',
      {
        cause,
      },
    )
  } finally {
    await client.end().catch(() => undefined)
  }
}
