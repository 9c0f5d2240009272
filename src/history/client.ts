import { Client, Connection } from '@temporalio/client'
import type { ConnectionOptions } from '@temporalio/client'
import type { PayloadCodec } from '@temporalio/common'

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
