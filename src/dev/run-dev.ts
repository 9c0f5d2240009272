import { once } from 'node:events'
import { runCanary } from './canary.ts'
import type { DevState } from './dev-state.ts'
import type { DevOptions } from './dev-options.ts'
import { startDev } from './dev.ts'
import type { Dev } from './dev.ts'
import { StartError } from './start-error.ts'

export interface RunDevOptions extends Omit<DevOptions, 'signal' | 'onEvent'> {
  /** One JSON line instead of the banner. */
  readonly json: boolean
  /** stdout: the banner, or the JSON line and nothing else. */
  readonly print: (line: string) => void
  /** stderr: what happens later, and failures. */
  readonly warn: (line: string) => void
  /** One step through Temporal, for the canary. */
  readonly canaryStep?: (state: DevState) => Promise<void>
}

const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Runs `longhand dev` until a signal asks it to stop. Resolves with the exit code: 0, or 5 when it cannot start. */
export async function runDev(options: RunDevOptions): Promise<number> {
  const { warn } = options
  const stopping = new AbortController()
  const onSignal = () => stopping.abort(new Error('asked to stop'))
  for (const name of stopSignals) process.on(name, onSignal)
  try {
    await using dev = await startDev({
      ...options,
      signal: stopping.signal,
      onEvent(event) {
        if (event.type === 'ended' && !event.held) warn(`${event.name} ended (${event.how}) and is started again`)
      },
    })
    for (const line of options.json ? [JSON.stringify(dev.state())] : banner(dev, options.config.sandbox))
      options.print(line)
    await Promise.race([untilAborted(stopping.signal), watchCanary(options, dev)])
    await untilAborted(stopping.signal)
    return 0
  } catch (error) {
    if (stopping.signal.aborted) return 0
    if (!(error instanceof StartError)) throw error
    warn(`${error.message}. ${error.remedy}`)
    return error.exitCode
  } finally {
    for (const name of stopSignals) process.off(name, onSignal)
  }
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}

async function watchCanary({ canaryStep, warn }: RunDevOptions, dev: Dev): Promise<void> {
  if (canaryStep === undefined) return
  try {
    const { warning } = await runCanary({ step: () => canaryStep(dev.state()) })
    if (warning !== undefined) warn(warning)
  } catch (error) {
    warn(`the step that measures Temporal failed: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function banner(dev: Dev, sandbox: string): string[] {
  const state = dev.state()
  return [
    `longhand  ${state.base_url}`,
    `model     ${dev.scripted ? 'scripted, offline: set ANTHROPIC_API_KEY for a real one' : 'the one you configured'}`,
    `sandbox   ${sandbox === 'local' ? 'local, in bubblewrap' : sandbox}`,
    ...(state.temporal_ui === null ? [] : [`watch     ${state.temporal_ui}`]),
    `data      ${state.data}`,
    '',
    'Try:      ./bin/longhand.mjs run "Write fizzbuzz and prove that it works"',
    '          eval "$(./bin/longhand.mjs env)"    points the official SDK and CLI here',
    '          Ctrl+C ends everything; your sessions stay.',
  ]
}
