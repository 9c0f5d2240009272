/** Stands for `api`, `worker` and the demo model: writes down its environment, listens if it has a port, ends on SIGTERM. */
import { createServer } from 'node:http'

const shown = Object.entries(process.env).filter(([name]) => /^(LONGHAND|ANTHROPIC|DATABASE|TEMPORAL|PORT)/.test(name))
console.log(JSON.stringify(Object.fromEntries(shown)))
process.on('SIGTERM', () => process.exit())
process.once('disconnect', () => process.exit())
const server = createServer((_request, response) => response.end('served'))
server.on('listening', () => process.send('longhand:ready'))
// `worker` gets the port of the API too: whoever comes second serves without it.
server.on('error', () => process.send('longhand:ready'))
server.listen(Number(process.env.PORT ?? process.env.LONGHAND_PORT), '127.0.0.1')
setInterval(() => undefined, 60_000)
