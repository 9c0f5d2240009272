/** Starts Postgres on the folder of its first argument as whoever runs this, and prints what a query answers. */
import { join } from 'node:path'
import { Client } from 'pg'
import { findFreePorts } from '../../src/dev/ports.ts'
import { preparePostgres } from '../../src/dev/postgres.ts'
import { Supervisor } from '../../src/dev/supervisor.ts'

const folder = process.argv[2] ?? ''
const { port } = await findFreePorts(['port'])
const logFile = join(folder, 'postgres.log')
const { url, process: spec } = await preparePostgres({
  folder,
  port,
  logFile,
  path: process.env['PATH'],
  durable: false,
})
await using supervisor = new Supervisor()
await supervisor.start(spec)
const client = new Client({ connectionString: url })
await client.connect()
const { rows } = await client.query("select current_setting('server_version_num')::int > 0 as answers")
await client.end()
process.stdout.write(`${JSON.stringify({ rows, uid: process.getuid?.() })}\n`)
