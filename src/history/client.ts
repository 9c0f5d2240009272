import { Client, Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client'
import type { ConnectionOptions } from '@temporalio/client'
import type { PayloadCodec } from '@temporalio/common'

/** gRPC's status of a server that is overloaded, and of a run that is being closed. */
const RESOURCE_EXHAUSTED = 8
/** Tries of a call that an overloaded server refuses; whoever called is then told to come again. */
const OVERLOAD_TRIES = 3

const retries = defaultGrpcRetryOptions({ initialIntervalMs: () => 100 })

/**
 * The SDK's own retries, without its long rest after `RESOURCE_EXHAUSTED`: a run that is being closed takes signals
 * again within milliseconds, so its callers ask again themselves.
 */
const retryInterceptor = makeGrpcRetryInterceptor({
  ...retries,
  retryableDecider(attempt, status) {
    const code: number = status.code
    if (code !== RESOURCE_EXHAUSTED) return retries.retryableDecider(attempt, status)
    return attempt < OVERLOAD_TRIES && !isClosing(status.details)
  },
})

/** Whether Temporal says that the run is being closed and the next one takes what was meant for it. */
export function isClosing(message: string): boolean {
  return message.includes('workflow is closing')
}

/** A page of an agent's history passes grpc-js' own limit of 4 MiB easily; its error would be retried for a minute. */
const RECEIVE_BYTES = 128 * 1024 * 1024

export interface TemporalClientOptions {
  readonly connection: ConnectionOptions
  readonly namespace: string
  readonly codecs: readonly PayloadCodec[]
  readonly identity: string
}

/** A client whose reads of history are not cut short. Rejects when the server cannot be reached. Close its connection. */
export async function openTemporalClient(options: TemporalClientOptions): Promise<Client> {
  const connection = await Connection.connect({
    interceptors: [retryInterceptor],
    ...options.connection,
    channelArgs: { 'grpc.max_receive_message_length': RECEIVE_BYTES, ...options.connection.channelArgs },
  })
  return new Client({
    connection,
    namespace: options.namespace,
    identity: options.identity,
    dataConverter: { payloadCodecs: [...options.codecs] },
  })
}
