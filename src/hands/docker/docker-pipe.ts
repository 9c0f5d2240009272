import type { Socket } from 'node:net'
import type { Pipe } from '../pipe.ts'
import { createTailOfText } from '../pipe.ts'
import { createDemultiplexer } from './multiplex.ts'

/** The connection of a process that was started with stdin and stderr; closing its writing half closes the former. */
export function toPipe(socket: Socket): Pipe {
  const tail = createTailOfText()
  const output = socket.pipe(createDemultiplexer((chunk) => tail.add(chunk)))
  // Neither an error nor a close goes through a pipe. Behind its end, a connection's close takes nothing away.
  socket.on('error', () => {})
  socket.on('close', () => {
    if (!output.writableEnded) output.destroy()
  })
  const said = new Promise<string>((resolve) => output.once('close', () => resolve(tail.text())))
  return { input: socket, output, said, destroy: () => void socket.destroy() }
}
