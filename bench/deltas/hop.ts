import { createServer, request as ask } from 'node:http'
import { announceReady, onSupervisorGone } from '../../src/dev/ready.ts'

/** One Node process between a client and a model: passes on requests and answers as they come. */
function main(port: number, target: string): void {
  const server = createServer((request, response) => {
    const { method, url, headers } = request
    const onward = ask(new URL(url ?? '/', target), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', (error) => response.destroy(error))
    request.pipe(onward)
  })
  server.keepAliveTimeout = 600_000
  onSupervisorGone(() => process.exit())
  server.listen(port, '127.0.0.1', announceReady)
}

main(Number(process.argv[2]), process.argv[3] ?? '')
