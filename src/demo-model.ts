import { announceReady } from './dev/ready.ts'
import { stopRequested } from './lifetime.ts'
import { startDemoModel } from './model/demo/demo-model.ts'

/** Milliseconds between two words, so that a person can watch. */
const PACE_MS = 15

/** The demo model as a process: on `PORT` at loopback, under the key that `dev` hands to its worker. */
const model = await startDemoModel({
  port: Number(process.env['PORT'] ?? 0),
  apiKey: 'scripted',
  delayMs: PACE_MS,
  keepRequests: 0,
})
announceReady()
await stopRequested()
await model.close()
