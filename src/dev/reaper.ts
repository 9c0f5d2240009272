import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

// Reads `add <pid> <signal>` and `drop <pid>` until its input ends, which happens when the supervisor is gone in
// whatever way. Then it ends the processes still on its list: by their own signal, after 10 s with their groups by KILL.
const script = `
trap '' HUP INT TERM
list=
while read -r verb pid signal; do
  if [ "$verb" = add ]; then
    list="$list $pid:$signal"
  else
    rest=
    for entry in $list; do [ "\${entry%%:*}" = "$pid" ] || rest="$rest $entry"; done
    list=$rest
  fi
done
[ -n "$list" ] || exit 0
for entry in $list; do kill -s "\${entry#*:}" "\${entry%%:*}" 2>/dev/null; done
tries=0
while [ "$tries" -lt 100 ]; do
  alive=
  for entry in $list; do kill -0 "\${entry%%:*}" 2>/dev/null && alive=1; done
  [ -n "$alive" ] || break
  sleep 0.1
  tries=$((tries + 1))
done
for entry in $list; do kill -s KILL -- "-\${entry%%:*}" 2>/dev/null; done
exit 0
`

/** Ends what a supervisor that was killed leaves behind: foreign binaries cannot notice by themselves. */
export class Reaper implements AsyncDisposable {
  readonly #child: ChildProcess

  /** `onLost` is called when the reaper itself dies before its disposal. */
  constructor(onLost: () => void) {
    // Detached: Ctrl+C in the terminal reaches the supervisor alone.
    this.#child = spawn('/bin/sh', ['-c', script], { cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
    // A reaper that died shows as EPIPE here; its exit, handled below, is what matters.
    this.#child.stdin?.on('error', () => undefined)
    this.#child.once('exit', onLost)
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  add(pid: number, signal: NodeJS.Signals): void {
    this.#child.stdin?.write(`add ${pid} ${signal.replace('SIG', '')}\n`)
  }

  drop(pid: number): void {
    this.#child.stdin?.write(`drop ${pid}\n`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.removeAllListeners('exit')
    if (this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.stdin?.end()
    await exit
  }
}
