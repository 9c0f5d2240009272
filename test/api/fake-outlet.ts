import { EventEmitter } from 'node:events'
import type { Outlet } from '../../src/api/frame-writer.ts'

/** A response whose reader takes what was written when the test says so. */
export class FakeOutlet extends EventEmitter implements Outlet {
  readonly written: string[] = []
  writableLength = 0
  /** What was done to it besides writing, in order. */
  readonly done: string[] = []

  write(text: string): void {
    this.done.push('write')
    this.written.push(text)
    this.writableLength += Buffer.byteLength(text)
  }

  end(): void {
    this.done.push('end')
  }

  destroy(): void {
    this.done.push('destroy')
    this.emit('close')
  }

  /** The reader takes all that waits. */
  drain(): void {
    this.writableLength = 0
    this.emit('drain')
  }
}
